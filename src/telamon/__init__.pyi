from telamon.checking.opening import DeniedError as DeniedError
from telamon.checking.opening import open_checked as open_checked

__version__: str
