"""Is told to wait, does not, and ends well all the same: a conversion is lost and no test fails.

`mock-server run --fail-on unretried -- python3 ignores_429.py` does fail.
"""

from mock_server import MockServer
from reporter import Refused, Reporter

server = MockServer()
server.admin("POST", "/faults", {"match": {"vendor": "impact"}, "times": 1, "do": {"status": 429}})
try:
    Reporter.from_environment(attempts=1).submit("ORD-IGNORES-1", "86.99")
except Refused:
    pass
