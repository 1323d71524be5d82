"""The trusted site with the audit's statements taken out of its transactions: for ``benchmarks.key_issue`` and nothing else.

The product has no such switch. Here every name that the writer of audit entries was imported under is replaced in this process.
"""

import sys
from importlib import import_module
from typing import Any

application = import_module("config.asgi_trusted").application  # this sets Django up: it comes first
audit = import_module("conferences.services.audit")


def nothing(**_said: Any) -> None:
    """No statement."""


for original in (audit.record, audit.record_all):
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()):
            if value is original:
                setattr(module, name, nothing)
