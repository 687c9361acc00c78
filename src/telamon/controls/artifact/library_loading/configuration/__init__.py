"""What is judged of a deployment's configuration: code, environment and settings that decide how models are loaded.

What switches a restriction off is a finding where it is a constant. A library that passes a parameter on decides
nothing, and is none.
"""
