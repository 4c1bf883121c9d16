"""One server for all tests, a sandbox for each."""

import pytest

from mock_server import MockServer
from reporter import Reporter


@pytest.fixture(scope="session")
def server():
    server = MockServer()
    yield server
    server.close()


@pytest.fixture
def sandbox(server):
    sandbox = server.sandbox()
    yield sandbox
    sandbox.delete()


@pytest.fixture
def pauses():
    """The seconds that the reporter would have waited. No test waits for them."""
    return []


@pytest.fixture
def reporter(sandbox, pauses):
    return Reporter(**sandbox.vendors, pause=pauses.append)
