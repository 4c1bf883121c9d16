"""Reports conversions to Comm100, Chase and impact.com. The code under test: it knows nothing of mock-server."""

import base64
import json
import os
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode


class Refused(Exception):
    """The service said no, or said too often that it is busy."""


class Reporter:
    """Each service is a dict with its base_url and credentials. `pause` is called with the seconds before another attempt."""

    def __init__(self, comm100, chase, impact, attempts=3, pause=time.sleep):
        self.comm100, self.chase, self.impact = comm100, chase, impact
        self.attempts, self.pause = attempts, pause

    @classmethod
    def from_environment(cls, **options):
        """What IMPACT_BASE_URL and its like say."""
        members = {
            "comm100": ["base_url", "username", "password"],
            "chase": ["base_url", "api_key"],
            "impact": ["base_url", "account_sid", "auth_token", "media_partner_id"],
        }
        services = {
            service: {name: os.environ[f"{service}_{name}".upper()] for name in names}
            for service, names in members.items()
        }
        return cls(**services, **options)

    def mark(self, visitor, conversion, value):
        """Marks a Comm100 conversion as successful. An answer of 200 may still say no."""
        form = {"conversion_name": conversion, "visitorId": visitor, "value": value}
        answer = self._send(
            f"{self.comm100['base_url']}/api/v1/livechat/mark_api_conversion_successful",
            urlencode(form),
            {**basic(self.comm100["username"], self.comm100["password"]), **FORM},
        )
        if answer["error_code"] != 0:
            raise Refused(answer["error_message"])

    def log(self, email, kind, data):
        """Logs a conversion with Chase, which answers before it has done so."""
        body = {"email": email, "conversion_type": kind, "conversion_data": data}
        headers = {"X-API-Key": self.chase["api_key"], "Content-Type": "application/json"}
        self._send(f"{self.chase['base_url']}/api/v2/conversions", json.dumps(body), headers)

    def submit(self, order_id, amount):
        """Submits a sale to impact.com. Returns where its record is."""
        form = {
            "CampaignId": "10306",
            "ActionTrackerId": "19845",
            "MediaPartnerId": self.impact["media_partner_id"],
            "EventDate": "NOW",
            "OrderId": order_id,
            "CurrencyCode": "USD",
            "Amount": amount,
        }
        path = f"/Mediapartners/{self.impact['account_sid']}/PartnerConversions"
        headers = {**self._impact_headers(), **FORM}
        return self._send(self.impact["base_url"] + path, urlencode(form), headers)["QueuedUri"]

    def submit_later(self, delay, order_id, amount):
        """Submits from a thread of its own, so many seconds from now."""
        worker = threading.Timer(delay, self.submit, (order_id, amount))
        worker.start()
        return worker

    def submission(self, uri):
        """The record of a submission."""
        return self._send(self.impact["base_url"] + uri, None, self._impact_headers())

    def _impact_headers(self):
        # Without it, records come as XML.
        wanted = {"Accept": "application/json"}
        return {**basic(self.impact["account_sid"], self.impact["auth_token"]), **wanted}

    def _send(self, url, body, headers):
        """Sends a body (or gets, without one), again after 429 and 5xx: when Retry-After says, else after 1, 2, 4, … seconds."""
        data = None if body is None else body.encode()
        for attempt in range(self.attempts):
            try:
                request = urllib.request.Request(url, data, headers)
                with urllib.request.urlopen(request, timeout=10) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                busy = error.code == 429 or error.code >= 500
                if not busy or attempt + 1 == self.attempts:
                    raise Refused(f"{error.code}: {error.read().decode()}") from error
                error.close()
                self.pause(float(error.headers.get("Retry-After", 2**attempt)))


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(user, password):
    """HTTP Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
