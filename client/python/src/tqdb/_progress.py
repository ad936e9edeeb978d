"""The bar of an upload. tqdm is imported when there is one to show: its notebook form warns at
import where ipywidgets is missing."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any, Optional


def make_bar(name: str, total: Optional[int], done: int, show: Optional[bool]) -> Any:
    """`show` None: on a terminal and in a notebook."""
    notebook = _in_notebook()
    if show is None:
        show = notebook or sys.stderr.isatty()
    if not show:
        return _NoBar()
    if notebook and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return tqdm(total=total, initial=done, desc=name, unit=" points", unit_scale=True)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


class _NoBar:
    def update(self, rows: int) -> None:
        pass

    def close(self) -> None:
        pass
