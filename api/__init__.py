"""Audio-visual event localization: what can be both seen and heard in a video, and when.

    import avel

    for result in avel.localize("my.mp4"):
        for event in result.events:
            print(event.onset, event.offset, event.label)

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

TYPE_CHECKING = False  # as type checkers understand it; importing typing would take 10 ms
if TYPE_CHECKING:
    from avel.functions import Extracted, evaluate, extract, localize, open_model, teach, train
    from avel.pipeline.method.events import Event
    from avel.result import Result, read_results

    __version__: str

_PLACES = {
    "Event": "avel.pipeline.method.events",
    "Extracted": "avel.functions",
    "Result": "avel.result",
    "evaluate": "avel.functions",
    "extract": "avel.functions",
    "localize": "avel.functions",
    "open_model": "avel.functions",
    "read_results": "avel.result",
    "teach": "avel.functions",
    "train": "avel.functions",
}
__all__ = [
    "Event",
    "Extracted",
    "Result",
    "__version__",
    "evaluate",
    "extract",
    "localize",
    "open_model",
    "read_results",
    "teach",
    "train",
]


if not TYPE_CHECKING:  # to type checkers every unknown name would be there

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version  # slow to import

            return version("avel")
        if name not in _PLACES:
            raise AttributeError(f"module 'avel' has no attribute '{name}'")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
