"""The page of one result, at once in the browser."""

import tempfile
import warnings
import webbrowser
from pathlib import Path

from avel.pipeline.formats.names import own_name
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.media.apart import Apart
from avel.pipeline.method.results import Result
from avel.pipeline.report.page import Look, Place, report_page
from avel.pipeline.report.preview import preview


def open_page(result: Result) -> Path:
    """Write the page, with times in seconds, into a folder of its own and open it; its path.

    Where no browser can be opened a warning says where the page is.

    Raises:
        EnvironmentProblem: it cannot be written.
    """
    page = Path(tempfile.mkdtemp(prefix="avel-")) / f"{own_name(result.file)}.html"
    with Apart() as apart:
        look = Look(preview(apart, result))
    write_whole(page, report_page(result, look, Place(page=page)))
    if not webbrowser.open(page.as_uri()):
        warnings.warn(f"no browser can be opened here; the page is {page}", stacklevel=3)
    return page
