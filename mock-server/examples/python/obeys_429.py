"""Is told to wait, waits, and sends again. `mock-server run --fail-on unretried -- python3 obeys_429.py` is content."""

from mock_server import MockServer
from reporter import Reporter

server = MockServer()
server.admin("POST", "/faults", {"match": {"vendor": "impact"}, "times": 1, "do": {"status": 429}})
Reporter.from_environment().submit("ORD-OBEYS-1", "86.99")
