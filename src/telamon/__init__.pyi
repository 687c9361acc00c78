from telamon.checking.opening import DeniedError as DeniedError
from telamon.checking.opening import open_checked as open_checked
from telamon.controls.artifact.library_loading.guarding.installing import guard as guard
from telamon.controls.artifact.library_loading.loading import load as load

__version__: str
