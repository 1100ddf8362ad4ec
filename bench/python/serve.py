"""The worker's side of WorkerProcess: one line of JSON in, one line out."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any


def serve(operations: Iterable[Callable[..., Any]]) -> None:
    """Carries out what comes on standard input, by the functions' names, until the input ends.

    What else the process prints goes to standard error, so that the answers stand alone.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    by_name = {operation.__name__: operation for operation in operations}
    for line in sys.stdin:
        print(json.dumps(_answer(by_name, json.loads(line))), file=answers, flush=True)


def _answer(by_name: dict[str, Callable[..., Any]], order: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": by_name[order["operation"]](**order["parameters"])}
    except Exception:
        return {"error": traceback.format_exc()}
