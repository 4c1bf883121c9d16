"""Real calls with Python's standard library: what a client sees of the three vendors and of the admin API.

    check.py DEFAULT SEEDED

DEFAULT is the base URL of a server with the built-in seed, SEEDED of one that has the conformance seeds too.
Every check makes a sandbox of its own, so none depends on another. What the vendors must answer stands in
fixtures/vendors/*/dossier.md, what the admin API must answer in its OpenAPI description.
"""

import base64
import http.client
import json
import re
import socket
import sys
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

DEFAULT, SEEDED = sys.argv[1:]
CHECKS = []

VISITOR = "7273e957-02cb-4c03-a84c-44283fcfd47d"
NOON = "2026-06-10T17:15:30Z"  # 10:15:30 where the impact account is, at -07:00
TWO_LINES = {"ItemSku1": "TOYSET", "ItemPrice1": "40", "ItemQuantity1": "2",
             "ItemSku2": "DOLL", "ItemPrice2": "6.99", "ItemQuantity2": "1"}
DAY_MS = 24 * 60 * 60 * 1000


def check(function):
    """Registers a check; its name is the fact that it holds."""
    CHECKS.append(function)
    return function


# --- calls ------------------------------------------------------------------------------------------------------------


class Answer:
    """What came back, and to what."""

    def __init__(self, call, response):
        self.call, self.status, self.headers, self.body = call, response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.call}\n{self.status}\n{self.headers}{self.body[:2000].decode(errors='replace')}"


def call(method, url, body=None, headers=None, basic=None):
    """One request on a connection of its own; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = dict(headers or {})
    if basic:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request(method, target, body.encode() if isinstance(body, str) else body, headers)
        return Answer(f"{method} {url} {headers} {str(body)[:1000]}", connection.getresponse())
    finally:
        connection.close()


def expect(answer, status, body=None):
    """The status, and the body: bytes compared as such, everything else as JSON with its members in order."""
    assert answer.status == status, f"wanted {status}\n{answer}"
    if isinstance(body, bytes):
        assert answer.body == body, f"wanted {body}\n{answer}"
    elif body is not None:
        assert json.dumps(answer.json()) == json.dumps(body), f"wanted {body}\n{answer}"
    return answer


def problem(answer, status, kind):
    """A refusal of the admin API or of the mock itself, as in RFC 9457."""
    expect(answer, status)
    assert answer.headers["Content-Type"] == "application/problem+json", answer
    found = answer.json()
    assert found["type"] == f"urn:mock-server:{kind}" and found["status"] == status and found["title"], answer
    return found.get("detail", "") + " | " + found.get("hint", "")


def same(found, wanted):
    assert found == wanted, f"wanted {wanted!r}\nfound  {found!r}"


def admin(method, path, document=None, server=DEFAULT):
    body = None if document is None else json.dumps(document)
    return call(method, f"{server}/__admin{path}", body, {"Content-Type": "application/json"} if body else {})


class Sandbox:
    """A sandbox of its own, with its credentials, deleted at the end of a `with`."""

    def __init__(self, server=DEFAULT, now=None, **wanted):
        made = expect(admin("POST", "/sandboxes", wanted, server), 201).json()
        self.server, self.id, self.base_url = server, made["id"], made["base_url"]
        self.comm100, self.chase, self.impact = (made["vendors"][name] for name in ("comm100", "chase", "impact"))
        if now:
            expect(self.admin("PUT", "/clock", {"mode": "fixed", "now": now}), 200)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.admin("DELETE", "")

    def admin(self, method, path, document=None):
        return admin(method, f"/sandboxes/{self.id}{path}", document, self.server)

    def advance(self, ms):
        return expect(self.admin("POST", "/clock/advance", {"ms": ms}), 200).json()

    def conversions(self, query=""):
        return expect(self.admin("GET", f"/conversions{query}"), 200).json()

    def state(self):
        return expect(self.admin("GET", "/state"), 200).json()

    def agent(self):
        return self.comm100["username"], self.comm100["password"]

    def list_actions(self):
        return call("GET", self.comm100["base_url"] + "/api/v1/livechat/conversions", basic=self.agent())

    def mark(self, name="sales_goal", visitor=VISITOR, value="500", basic=None):
        form = {"conversion_name": name, "visitorId": visitor, "value": value}
        return call("POST", self.comm100["base_url"] + "/api/v1/livechat/mark_api_conversion_successful",
                    urllib.parse.urlencode(form), FORM, basic or self.agent())

    def log(self, document, key=None):
        body = document if isinstance(document, str) else json.dumps(document)
        return call("POST", self.chase["base_url"] + "/api/v2/conversions", body,
                    {"X-API-Key": key or self.chase["api_key"], "Content-Type": "application/json"})

    def partner(self):
        return self.impact["account_sid"], self.impact["auth_token"]

    def partner_call(self, method, path, body=None, accept="application/json", basic=None, headers=None):
        headers = dict(headers or {}, **({"Accept": accept} if accept else {}))
        if method == "POST":
            headers.setdefault("Content-Type", FORM["Content-Type"])
        url = f"{self.impact['base_url']}/Mediapartners/{self.impact['account_sid']}{path}"
        return call(method, url, body, headers, basic or self.partner())

    def order(self, order_id="ORD-1", **fields):
        return {"CampaignId": "10306", "ActionTrackerId": "19845", "MediaPartnerId": self.impact["media_partner_id"],
                "EventDate": "2026-06-10T10:15:30-07:00", "OrderId": order_id, "CurrencyCode": "USD", **fields}

    def submit(self, fields):
        return self.partner_call("POST", "/PartnerConversions", urllib.parse.urlencode(fields))

    def record(self, queued_uri):
        return expect(call("GET", self.impact["base_url"] + queued_uri, headers={"Accept": "application/json"},
                           basic=self.partner()), 200).json()

    def actions(self, query=""):
        return expect(self.partner_call("GET", f"/Actions{query}"), 200).json()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# --- impact.com -------------------------------------------------------------------------------------------------------


@check
def a_sale_is_queued_processed_and_becomes_an_action_that_locks_and_clears():
    with Sandbox(now=NOON) as sandbox:
        sid, partner = sandbox.impact["account_sid"], sandbox.impact["media_partner_id"]
        payload = urllib.parse.urlencode(sandbox.order(**TWO_LINES))
        queued = expect(sandbox.partner_call("POST", "/PartnerConversions", payload), 200)
        same(list(queued.json()), ["Status", "QueuedUri"])
        same(queued.json()["Status"], "QUEUED")
        uri = queued.json()["QueuedUri"]
        batch = uri.removeprefix(f"/Mediapartners/{sid}/APISubmissions/")
        assert re.fullmatch(r"A-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", batch), uri
        same([queued.headers[name] for name in ("X-RateLimit-Limit-hour", "X-RateLimit-Remaining-hour",
                                                "RateLimit-Reset", "Retry-After")], ["1000", "999", "3600", None])

        record = {"BatchId": batch, "AccountId": partner, "SubmissionDate": "2026-06-10T10:15:30-07:00",
                  "CampaignId": "10306", "ActionTrackerId": "19845", "MediaPartnerId": partner, "EventCode": "",
                  "OrderId": "ORD-1", "Payload": payload, "Type": "Conversion", "Status": "Queued",
                  "CompletionDate": "", "ErrorType": "", "ErrorReason": "", "Uri": uri}
        same(sandbox.record(uri), record)
        sandbox.advance(999)
        same(sandbox.record(uri), record)
        sandbox.advance(1)
        same(sandbox.record(uri), {**record, "Status": "In Progress"})
        sandbox.advance(999)
        same(sandbox.record(uri)["Status"], "In Progress")
        path = f"/Mediapartners/{sid}/Actions"
        pages = {"@page": "1", "@numpages": "0", "@pagesize": "20000", "@total": "0", "@start": "0", "@end": "0"}
        empty = sandbox.actions()
        same({name: empty[name] for name in pages}, pages)
        same(empty["Actions"], [])
        sandbox.advance(1)
        same(sandbox.record(uri), {**record, "Status": "Complete", "CompletionDate": "2026-06-10T10:15:32-07:00"})

        action = {
            "Id": "10306.4636.158133", "CampaignId": "10306", "CampaignName": "Acme Campaign",
            "ActionTrackerId": "19845", "ActionTrackerName": "Sale", "State": "PENDING", "AdId": "", "Payout": "3.48",
            "Amount": "86.99", "Currency": "USD", "EventDate": "2026-06-10T10:15:30-07:00",
            "LockingDate": "2026-06-26T00:00:00-07:00", "Oid": "ORD-1", "EventCode": "", "SharedId": "", "SubId1": "",
            "SubId2": "", "SubId3": "", "DeltaPayout": "3.48", "IntendedPayout": "3.48", "DeltaAmount": "86.99",
            "IntendedAmount": "86.99", "ReferringDate": "", "CreationDate": "2026-06-10T10:15:32-07:00",
            "ClearedDate": "", "ReferringType": "REPORTED_PARTNER_ID", "ReferringDomain": "", "PromoCode": "",
            "CustomerArea": "", "CustomerCity": "", "CustomerRegion": "", "CustomerCountry": "",
            "Uri": f"{path}/10306.4636.158133"}
        listed = sandbox.actions()
        same({name: listed[name] for name in listed if name.startswith("@")}, {
            **pages, "@numpages": "1", "@total": "1", "@uri": path,
            "@firstpageuri": f"{path}?PageSize=20000&Page=1", "@previouspageuri": "", "@nextpageuri": "",
            "@lastpageuri": f"{path}?PageSize=20000&Page=1"})
        same(listed["Actions"], [action])
        items = expect(call("GET", sandbox.impact["base_url"] + action["Uri"] + "/Items",
                            headers={"Accept": "application/json"}, basic=sandbox.partner()), 200).json()
        same([[item[name] for name in ("Sku", "Quantity", "SaleAmount", "SaleAmountCurrency")]
              for item in items["ActionItems"]], [["TOYSET", "2", "80.00", "USD"], ["DOLL", "1", "6.99", "USD"]])

        # It locks at midnight of 26 June, 15 days and 13:44:28 on.
        sandbox.advance(15 * DAY_MS + (13 * 3600 + 44 * 60 + 28) * 1000 - 1)
        one = lambda: expect(sandbox.partner_call("GET", "/Actions/10306.4636.158133"), 200).json()
        same(one(), action)
        sandbox.advance(1)
        same(one(), {**action, "State": "APPROVED"})
        sandbox.advance(DAY_MS)
        locked = "?LockingDateStart=2026-06-25T00:00:00Z&LockingDateEnd=2026-06-27T00:00:00Z"
        same(sandbox.actions(locked)["Actions"], [{**action, "State": "APPROVED"}])
        same(sandbox.actions(locked + "&State=PENDING")["Actions"], [])
        # The list looks back seven days, and locking is no update.
        same(sandbox.actions()["Actions"], [])
        sandbox.advance(29 * DAY_MS)
        same(one(), {**action, "State": "APPROVED", "ClearedDate": "2026-07-26T00:00:00-07:00"})


@check
def lines_add_up_as_the_page_says():
    table = [
        ("prices", TWO_LINES, "80.00", "86.99"),
        ("subtotals", {"ItemSubTotal1": "80", "ItemSubTotal2": "6.99"}, "80.00", "86.99"),
        ("subtotal-with-quantity", {"ItemSubTotal1": "80", "ItemQuantity1": "2", "ItemPrice2": "6.99",
                                    "ItemQuantity2": "1"}, "80.00", "86.99"),
        ("amount-is-not-used", {**TWO_LINES, "Amount": "500"}, "80.00", "86.99"),
        ("subtotal-wins", {**TWO_LINES, "ItemSubTotal1": "75"}, "75.00", "81.99"),
        ("line-discount", {**TWO_LINES, "ItemTotalDiscount1": "5"}, "75.00", "81.99"),
        ("unit-discount", {**TWO_LINES, "ItemDiscount1": "3"}, "74.00", "80.99"),
        ("amount-alone", {"Amount": "86.99"}, "86.99", "86.99"),
    ]
    with Sandbox(now=NOON) as sandbox:
        for order_id, fields, _, _ in table:
            assert "warnings" not in expect(sandbox.submit(sandbox.order(order_id, **fields)), 200).json(), order_id
        sandbox.advance(2000)
        found = {}
        for action in sandbox.actions()["Actions"]:
            path = action["Uri"].removeprefix(f"/Mediapartners/{sandbox.impact['account_sid']}")
            items = expect(sandbox.partner_call("GET", path + "/Items"), 200).json()["ActionItems"]
            found[action["Oid"]] = (items[0]["SaleAmount"], action["Amount"])
            same([item["SaleAmount"] for item in items[1:]], [] if len(items) == 1 else ["6.99"])
        same(found, {order_id: (line, total) for order_id, _, line, total in table})


@check
def the_same_order_twice_makes_one_action():
    with Sandbox(now=NOON) as sandbox:
        first, second = (expect(sandbox.submit(sandbox.order(Amount="10")), 200).json()["QueuedUri"] for _ in "12")
        assert first != second
        sandbox.advance(2000)
        done = sandbox.record(second)
        same([done[name] for name in ("Status", "ErrorType", "ErrorReason")],
             ["Complete", "Contract Error", "CONV_DUPLICATE"])
        same([action["Amount"] for action in sandbox.actions()["Actions"]], ["10.00"])
        unknown = expect(sandbox.submit(sandbox.order("ORD-2", CampaignId="999999")), 200).json()["QueuedUri"]
        sandbox.advance(2000)
        same([sandbox.record(unknown)[name] for name in ("Status", "ErrorType", "ErrorReason")],
             ["Complete", "Validation", "CAMPAIGN_NOT_FOUND"])


@check
def a_brand_reverses_and_restores_an_action():
    with Sandbox(now=NOON) as sandbox:
        uri = expect(sandbox.submit(sandbox.order(**TWO_LINES)), 200).json()["QueuedUri"]
        sandbox.advance(2000)

        def changed(*changes):
            submission = {uri.rpartition("/")[2]: {"action": {"changes": changes}}}
            expect(sandbox.admin("PATCH", "/state", {"impact": {"submissions": submission}}), 200)
            (action,) = sandbox.actions()["Actions"]
            same(sandbox.conversions()["conversions"][0]["state"], action["State"])
            return [action[name] for name in ("State", "Amount", "Payout", "DeltaAmount", "IntendedAmount")]

        reverse = {"state": "REVERSED", "reason": "ITEM_RETURNED"}
        same(changed(reverse), ["REVERSED", "0.00", "0.00", "-86.99", "86.99"])
        same(changed(reverse, {"state": "PENDING"}), ["PENDING", "86.99", "3.48", "86.99", "86.99"])
        same(changed({"amount": "50.00", "payout": "2.00"}), ["PENDING", "50.00", "2.00", "-36.99", "86.99"])
        same(changed({"state": "APPROVED"}, reverse)[:2], ["APPROVED", "86.99"])
        same(changed(), ["PENDING", "86.99", "3.48", "86.99", "86.99"])


@check
def tokens_share_an_account_and_differ_in_what_they_may():
    seed = {"impact": expect(admin("GET", "/state", server=SEEDED), 200).json()["impact"]}
    with Sandbox(SEEDED, now=NOON, seed=seed, prefix_only=True) as sandbox:
        def by(sid, token, method, path, form=None, accept="application/json"):
            sandbox.impact.update(account_sid=sid, auth_token=token)
            return sandbox.partner_call(method, path, form and urllib.parse.urlencode(form), accept)

        order = {**sandbox.order(**TWO_LINES), "MediaPartnerId": "1924609"}
        denied = {"status": 403, "title": "Access Denied"}
        first, second = "IRtestAcct1924609madeUpSid0000000A", "IRtestAcct1924609madeUpSid0000000B"
        queued = expect(by(first, "made-up-token", "POST", "/PartnerConversions", order), 200).json()["QueuedUri"]
        batch = queued.rpartition("/")[2]
        record = expect(by(second, "made-up-token-b", "GET", f"/APISubmissions/{batch}"), 200).json()
        same(record["Uri"], queued)
        for sid, token, submit, retrieve, look in [
            ("IRtestRead1924609madeUpSid0000000A", "made-up-read-only", 403, 200, 200),
            ("IRtestActs1924609madeUpSid0000000A", "made-up-actions-only", 403, 403, 200),
            ("IRtestConv1924609madeUpSid0000000A", "made-up-conversions-only", 200, 200, 403),
            ("IRtestGone1924609madeUpSid0000000A", "made-up-disabled", 403, 403, 403),
            ("IRtestAcct1924610madeUpSid0000000A", "made-up-token-of-another", 403, 404, 200),
        ]:
            for status, answer in [(submit, by(sid, token, "POST", "/PartnerConversions", order)),
                                   (retrieve, by(sid, token, "GET", f"/APISubmissions/{batch}")),
                                   (look, by(sid, token, "GET", "/Actions"))]:
                expect(answer, status, denied if status == 403 else None)
        # Another account: another currency, another offset, and JSON by default.
        other = ("IRtestAcct1924610madeUpSid0000000A", "made-up-token-of-another")
        expect(by(*other, "POST", "/PartnerConversions", {**order, "MediaPartnerId": "1924610"}), 200)
        sandbox.advance(2000)
        (action,) = expect(by(*other, "GET", "/Actions", accept=None), 200).json()["Actions"]
        same([action[name] for name in ("Amount", "Payout", "Currency", "EventDate", "LockingDate")],
             ["80.47", "3.22", "EUR", "2026-06-10T19:15:30+02:00", "2026-06-26T00:00:00+02:00"])


@check
def impact_names_every_broken_field_and_warns_of_what_it_ignores():
    with Sandbox() as sandbox:
        broken = expect(sandbox.submit({"CampaignId": "x", "MediaPartnerId": sandbox.impact["media_partner_id"],
                                        "EventDate": "2026-06-10", "Amount": "-1"}), 400).json()
        same(list(broken), ["Status", "errors"])
        same([(error["field"], error["level"]) for error in broken["errors"]],
             [(name, "ERROR") for name in ("ActionTrackerId", "CampaignId", "EventDate", "OrderId", "Amount")])
        warned = expect(sandbox.submit(sandbox.order(CardBin="4111", Amount="1")), 200).json()
        same(warned["warnings"], [{"field": "CardBin", "level": "WARNING",
                                   "message": "CardBin ignored: must be exactly 6 or 8 digits."}])
        denied = {"status": 403, "title": "Access Denied"}
        expect(sandbox.submit(sandbox.order(MediaPartnerId="1")), 403, denied)
        expect(sandbox.partner_call("POST", "/PartnerConversions", "<a/>", headers={"Content-Type": "text/xml"}), 415,
               {"Status": "ERROR", "Message": "Unsupported Media Type"})


@check
def impact_answers_xml_unless_asked_for_json():
    with Sandbox(now=NOON) as sandbox:
        # Submitting is the exception: its description declares JSON alone.
        payload = urllib.parse.urlencode(sandbox.order(**TWO_LINES))
        queued = expect(sandbox.partner_call("POST", "/PartnerConversions", payload, accept=None), 200)
        same(queued.headers["Content-Type"], "application/json")
        sandbox.advance(2000)
        for accept, path in [(None, "/Actions"), ("*/*", "/Actions"), ("text/xml", "/Actions"),
                             ("application/json;q=0.1, application/xml", "/Actions"),
                             ("application/json", "/Actions.xml")]:
            answer = expect(sandbox.partner_call("GET", path, accept=accept), 200)
            same(answer.headers["Content-Type"], "text/xml; charset=UTF-8")
            root = ElementTree.fromstring(answer.body)
            same(root.tag, "ImpactRadiusResponse")
            same([root[0].tag, root[0].get("total"), root[0].get("start"), root[0].get("pagesize")],
                 ["Actions", "1", "0", "20000"])
            same(root.findtext("Actions/Action/Amount"), "86.99")
            same(root.findtext("Actions/Action/ClearedDate"), "")
        for accept, path in [("application/json", "/Actions"), ("application/xml", "/Actions.json")]:
            answer = expect(sandbox.partner_call("GET", path, accept=accept), 200)
            same(answer.headers["Content-Type"], "application/json")
            same(answer.json()["@total"], "1")
        gone = expect(sandbox.partner_call("GET", "/Actions/1.2.3", accept=None), 404)
        same(gone.body, b"<ImpactRadiusResponse><Status>ERROR</Status>"
                        b"<Message>The requested resource was not found</Message></ImpactRadiusResponse>")


@check
def impact_limits_each_hour():
    with Sandbox(now=NOON) as sandbox:
        # One connection, as a client that polls would have.
        parts = urllib.parse.urlsplit(sandbox.impact["base_url"])
        path = f"{parts.path}/Mediapartners/{sandbox.impact['account_sid']}/Actions"
        credentials = base64.b64encode(":".join(sandbox.partner()).encode()).decode()
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)

        def poll():
            connection.request("GET", path, headers={"Authorization": f"Basic {credentials}",
                                                     "Accept": "application/json"})
            return Answer(f"GET {path}", connection.getresponse())

        def headers(answer):
            return [answer.headers[name] for name in ("X-RateLimit-Limit-hour", "X-RateLimit-Remaining-hour",
                                                      "RateLimit-Reset", "Retry-After")]

        same(headers(expect(poll(), 200)), ["500", "499", "3600", None])
        sandbox.advance(100_000)
        for _ in range(498):
            expect(poll(), 200)
        same(headers(expect(poll(), 200)), ["500", "0", "3500", None])
        same(headers(expect(poll(), 429, {"Status": "ERROR", "Message": "Too Many Requests"})),
             ["500", "0", "3500", "3500"])
        # What is not an action has a limit of its own.
        expect(sandbox.submit(sandbox.order(Amount="1")), 200)
        sandbox.advance(3_499_000)
        same(headers(expect(poll(), 429))[2:], ["1", "1"])
        sandbox.advance(1000)
        same(headers(expect(poll(), 200)), ["500", "499", "3600", None])
        connection.close()


@check
def impact_wants_the_right_credentials_for_the_right_path():
    with Sandbox() as sandbox, Sandbox() as other:
        sid, token = sandbox.partner()
        for basic in [("IRnobody", token), (sid, "wrong"), (sid, ""), ("", "")]:
            answer = expect(sandbox.partner_call("GET", "/Actions", accept="text/xml", basic=basic), 401,
                            {"status": 401, "title": "Unauthorized"})
            same(answer.headers["WWW-Authenticate"], 'Basic realm="impact.com"')
            same(answer.headers["Content-Type"], "application/json")
        url = f"{sandbox.impact['base_url']}/Mediapartners"
        same(expect(call("GET", f"{url}/{sid}/Actions"), 401).headers["WWW-Authenticate"],
             'Basic realm="impact.com"')
        denied = {"status": 403, "title": "Access Denied"}
        expect(call("GET", f"{url}/{other.impact['account_sid']}/Actions", basic=(sid, token)), 403, denied)
        expect(call("GET", f"{url.lower()}/{sid}/Actions", basic=(sid, token)), 200)
        answer = expect(sandbox.partner_call("DELETE", "/Actions"), 405,
                        {"Status": "ERROR", "Message": "Method Not Allowed"})
        same(answer.headers["Allow"], "GET")


# --- Comm100 and Chase ------------------------------------------------------------------------------------------------


@check
def urllib_finds_its_way_after_a_challenge():
    # It sends no credentials until a 401 asks for them.
    with Sandbox() as sandbox:
        for base, path, realm, basic in [
            (sandbox.comm100["base_url"], "/api/v1/livechat/conversions", "Comm100", sandbox.agent()),
            (sandbox.impact["base_url"], f"/Mediapartners/{sandbox.impact['account_sid']}/Actions.json", "impact.com",
             sandbox.partner()),
        ]:
            passwords = urllib.request.HTTPPasswordMgr()
            passwords.add_password(realm, base, *basic)
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                 urllib.request.HTTPBasicAuthHandler(passwords))
            with opener.open(base + path, timeout=10) as response:
                same(response.status, 200)
                json.load(response)


@check
def the_documented_hosts_lead_to_the_vendors():
    parts = urllib.parse.urlsplit(DEFAULT)
    tester = base64.b64encode(b"tester@comm100.com:ef43f9362aac4f60ad428cb4d072f2c8").decode()
    for host, path, status, body in [
        ("hosted.comm100.com", "/nothing", 404, {"code": 404000, "message": "/nothing not found."}),
        ("ent1portal.comm100.com", "/api/v1/livechat/conversions", 200,
         [{"id": 1, "isEnable": True, "name": "Product Purchase"}, {"id": 2, "isEnable": True, "name": ""}]),
        ("services.meetchase.ai", "/api/v1/livechat/conversions", 404, {"detail": "Not Found"}),
        ("api.impact.com", "/nothing", 401, {"status": 401, "title": "Unauthorized"}),
        (parts.netloc, "/comm100/api/v1/livechat/nothing", 404,
         {"code": 404000, "message": "/api/v1/livechat/nothing not found."}),
        (parts.netloc, "/api/v2/conversions", 405, {"detail": "Method Not Allowed"}),
        (parts.netloc, "/chase/api/v1/livechat/conversions", 404, {"detail": "Not Found"}),
    ]:
        expect(call("GET", DEFAULT + path, headers={"Host": host, "Authorization": f"Basic {tester}"}), status, body)
    nearest = problem(call("GET", f"{DEFAULT}/api/v3/conversions"), 404, "no-vendor")
    assert "/api/v2/conversions" in nearest, nearest


@check
def chase_queues_acknowledges_and_refuses():
    with Sandbox() as sandbox:
        answer = expect(sandbox.log({"email": "user@example.com", "conversion_type": "purchase",
                                     "conversion_data": {"item": "premium_subscription", "price": 99.99}}), 202, b"")
        same([answer.headers[name] for name in ("content-length", "content-type", "server")], ["0", None, "uvicorn"])
        expect(sandbox.log({"email": "nobody@example.com"}), 200, b"")
        expect(sandbox.log({"email": "user@example.com"}, key="wrong"), 401, b'{"detail":"Unauthorized"}')
        expect(sandbox.log({"email": "user@example.com", "conversion_type": "x" * 63}), 202)
        expect(sandbox.log({"email": "user@example.com", "conversion_type": "x" * 64}), 422, {"detail": [
            {"type": "string_too_long", "loc": ["body", "conversion_type"],
             "msg": "String should have at most 63 characters", "input": "x" * 64, "ctx": {"max_length": 63}}]})
        # The vendor's own example of the model lacks a comma.
        example = ('{\n"email": "hazel@example.com"\n"conversion_type": "sign-up",\n"conversion_data": {\n'
                   '"product": "premium-subscription",\n"price": 99.99\n}\n}')
        expect(sandbox.log(example), 422, {"detail": [
            {"type": "json_invalid", "loc": ["body", 31], "msg": "JSON decode error", "input": {},
             "ctx": {"error": "Expecting ',' delimiter"}}]})
        expect(sandbox.log(example.replace("com\"\n", "com\",\n")), 202)
        same([conversion["name"] for conversion in
              sandbox.conversions("?vendor=chase&wait_ms=5000&at_least=3")["conversions"]],
             ["purchase", "x" * 63, "sign-up"])


@check
def a_visitor_achieves_a_conversion():
    with Sandbox(SEEDED) as sandbox:
        expect(sandbox.mark(), 200, {"error_code": 0, "error_message": "ok"})
        expect(sandbox.mark("no_such_goal"), 200,
               {"error_code": 1, "error_message": "the conversion does not exist"})
        expect(sandbox.mark(value="a lot"), 400,
               {"code": 400003, "message": "Parameter 'value' should be a number."})
        expect(sandbox.mark(value=""), 400, {"code": 400000, "message": "Parameter 'value' is required."})
        answer = expect(sandbox.mark(basic=(sandbox.agent()[0], "wrong")), 401,
                        {"code": 401000, "message": "The username or API key you provide is invalid."})
        same(answer.headers["WWW-Authenticate"], 'Basic realm="Comm100"')
        expect(sandbox.mark("Café ☕", value="-1.50"), 200, {"error_code": 0, "error_message": "ok"})
        found = sandbox.conversions("?vendor=comm100")["conversions"]
        same([(one["who"], one["name"], one["value"]) for one in found],
             [(VISITOR, "sales_goal", "500"), (VISITOR, "Café ☕", "-1.50")])


# --- conversions ------------------------------------------------------------------------------------------------------


def after(seconds, action):
    """Does something in the background, later."""
    thread = threading.Timer(seconds, action)
    thread.start()
    return thread


@check
def a_wait_ends_when_the_conversion_arrives():
    with Sandbox() as sandbox:
        started = time.monotonic()
        thread = after(0.3, lambda: sandbox.log({"email": "user@example.com", "conversion_type": "sign-up",
                                                 "conversion_data": {"plan": "pro"}}))
        found = sandbox.conversions("?vendor=chase&wait_ms=9000")
        took = time.monotonic() - started
        thread.join()
        assert 0.3 <= took < 5, took
        same([found[name] for name in ("complete", "satisfied", "reachable")], [True, True, True])
        (one,) = found["conversions"]
        same(list(one), ["n", "vendor", "at", "who", "name", "value", "currency", "order_id", "items", "state", "raw"])
        same([one[name] for name in ("n", "vendor", "who", "name", "currency", "order_id", "items")],
             [1, "chase", "user@example.com", "sign-up", None, None, []])
        same(one["raw"]["conversion_data"], {"plan": "pro"})


@check
def a_wait_in_vain_says_so():
    with Sandbox() as sandbox:
        started = time.monotonic()
        found = sandbox.conversions("?wait_ms=200")
        assert 0.2 <= time.monotonic() - started < 5
        same(found, {"conversions": [], "complete": True, "satisfied": False, "reachable": True})
        same(sandbox.conversions(), {"conversions": [], "complete": True, "satisfied": True, "reachable": True})
        problem(sandbox.admin("GET", "/conversions?wait_ms=600001"), 400, "bad-member")
        problem(sandbox.admin("GET", "/conversions?at_least=1"), 400, "bad-member")


@check
def a_wait_follows_the_clock_of_the_sandbox():
    with Sandbox(now=NOON) as sandbox:
        expect(sandbox.submit(sandbox.order(**TWO_LINES)), 200)
        queued = sandbox.conversions("?vendor=impact")["conversions"]
        same([(one["order_id"], one["value"], one["currency"], one["state"]) for one in queued],
             [("ORD-1", "86.99", "USD", "Queued")])
        # A clock that stands still never makes an action of it.
        started = time.monotonic()
        stuck = sandbox.conversions("?state=PENDING&wait_ms=9000")
        assert time.monotonic() - started < 5
        same([stuck["satisfied"], stuck["reachable"]], [False, False])
        # One that runs does, without waiting for it.
        expect(sandbox.admin("PUT", "/clock", {"mode": "shifted", "now": "2026-06-10T17:15:30Z"}), 200)
        started = time.monotonic()
        thread = after(0.3, lambda: sandbox.advance(DAY_MS))
        done = sandbox.conversions("?state=PENDING&wait_ms=9000")
        thread.join()
        assert time.monotonic() - started < 1.9, "the wait missed that the clock was advanced"
        same([one["order_id"] for one in done["conversions"]], ["ORD-1"])
        # Chase logs in the background.
        expect(sandbox.admin("PUT", "/clock", {"mode": "fixed"}), 200)
        expect(sandbox.admin("PATCH", "/state", {"chase": {"log_delay_ms": 60_000}}), 200)
        expect(sandbox.log({"email": "user@example.com"}), 202)
        same(sandbox.conversions("?vendor=chase")["conversions"], [])
        same(sandbox.conversions("?vendor=chase&wait_ms=9000")["reachable"], False)
        sandbox.advance(59_999)
        same(sandbox.conversions("?vendor=chase")["conversions"], [])
        sandbox.advance(1)
        same([one["who"] for one in sandbox.conversions("?vendor=chase&wait_ms=9000")["conversions"]],
             ["user@example.com"])


@check
def the_feed_is_filtered():
    with Sandbox(SEEDED, now=NOON) as sandbox:
        expect(sandbox.mark(), 200)
        expect(sandbox.submit(sandbox.order("A", Amount="1")), 200)
        expect(sandbox.submit(sandbox.order("B", Amount="2")), 200)
        expect(sandbox.mark(value="7"), 200)

        def numbers(query):
            return [one["n"] for one in sandbox.conversions(query)["conversions"]]

        same(numbers(""), [1, 2, 3, 4])
        same(numbers("?vendor=comm100"), [1, 4])
        same(numbers("?order_id=B"), [3])
        same(numbers(f"?who={VISITOR}"), [1, 4])
        same(numbers("?name=sales_goal"), [1, 4])
        same(numbers("?since=2"), [3, 4])
        same(numbers("?state=PENDING"), [])
        sandbox.advance(2000)
        same(numbers("?state=PENDING"), [2, 3])
        problem(sandbox.admin("GET", "/conversions?vendor=acme"), 400, "bad-member")
        assert "did you mean" in problem(sandbox.admin("GET", "/conversions?vendr=impact"), 400, "bad-member")


# --- sandboxes --------------------------------------------------------------------------------------------------------


@check
def sandboxes_do_not_see_each_other():
    with Sandbox() as one, Sandbox() as two:
        assert one.id != two.id and one.chase["api_key"] != two.chase["api_key"]
        default = len(expect(admin("GET", "/conversions"), 200).json()["conversions"])

        # Credentials alone lead to a sandbox, without its prefix.
        def plain(sandbox, amount):
            sid = sandbox.impact["account_sid"]
            key = {"X-API-Key": sandbox.chase["api_key"], "Content-Type": "application/json"}
            body = json.dumps({"email": "user@example.com", "conversion_type": amount})
            expect(call("POST", f"{DEFAULT}/api/v2/conversions", body, key), 202)
            expect(call("POST", f"{DEFAULT}/impact/Mediapartners/{sid}/PartnerConversions",
                        urllib.parse.urlencode(sandbox.order(f"ORD-{amount}", Amount=amount)), FORM,
                        sandbox.partner()), 200)
            expect(call("GET", f"{DEFAULT}/comm100/api/v1/livechat/conversions", basic=sandbox.agent()), 200)

        plain(one, "1")
        plain(two, "2")
        for sandbox, amount in (one, "1"), (two, "2"):
            found = sandbox.conversions("?wait_ms=5000&at_least=2")["conversions"]
            same(sorted((c["vendor"], c["name"] if c["vendor"] == "chase" else c["order_id"]) for c in found),
                 [("chase", amount), ("impact", f"ORD-{amount}")])
            same(expect(sandbox.admin("GET", "/requests"), 200).json()["total"], 3)
        same(len(expect(admin("GET", "/conversions"), 200).json()["conversions"]), default)
        # Behind another's prefix they are wrong.
        expect(one.log({"email": "user@example.com"}, key=two.chase["api_key"]), 401)
        expect(one.mark(basic=two.agent()), 401)
        expect(one.partner_call("GET", "/Actions", basic=two.partner()), 401)


@check
def a_sandbox_is_made_found_and_dropped():
    same(expect(admin("GET", "/sandboxes/default"), 200).json()["vendors"]["chase"]["api_key"], "mock-chase-key")
    made = expect(admin("POST", "/sandboxes", {"id": "py.made_1"}), 201).json()
    same([made["id"], made["prefix_only"], made["base_url"]], ["py.made_1", False, f"{DEFAULT}/s/py.made_1"])
    same([made["vendors"][name]["base_url"] for name in ("comm100", "chase", "impact")],
         [f"{DEFAULT}/s/py.made_1/{name}" for name in ("comm100", "chase", "impact")])
    expect(admin("GET", "/sandboxes/py.made_1"), 200, made)
    listed = expect(admin("GET", "/sandboxes"), 200).json()["sandboxes"]
    assert {"default", "py.made_1"} <= set(listed), listed
    assert "hint" in expect(admin("POST", "/sandboxes", {"id": "py.made_1"}), 409).json()
    problem(admin("POST", "/sandboxes", {"id": "py.made_1"}), 409, "exists")
    key = {"X-API-Key": made["vendors"]["chase"]["api_key"], "Content-Type": "application/json"}
    expect(call("POST", f"{DEFAULT}/chase/api/v2/conversions", '{"email":"user@example.com"}', key), 202)
    same(expect(admin("DELETE", "/sandboxes/py.made_1"), 204).body, b"")
    assert "py.made_1" in problem(admin("GET", "/sandboxes/py.made_1"), 404, "no-sandbox")
    problem(call("POST", f"{DEFAULT}/s/py.made_1/chase/api/v2/conversions", "{}", key), 404, "no-sandbox")
    expect(call("POST", f"{DEFAULT}/chase/api/v2/conversions", '{"email":"user@example.com"}', key), 401)
    # Credentials derive from the server's seed and the id.
    expect(admin("POST", "/sandboxes", {"id": "py.made_1"}), 201, made)
    expect(admin("DELETE", "/sandboxes/py.made_1"), 204)
    problem(admin("DELETE", "/sandboxes/default"), 409, "default-stays")
    for wrong in ("a/b", "", ".a", "x" * 65):
        problem(admin("POST", "/sandboxes", {"id": wrong}), 400, "bad-id")


@check
def an_identity_belongs_to_one_sandbox():
    with Sandbox() as owner:
        for vendor, identity in [("chase", owner.chase["api_key"]), ("comm100", owner.comm100["username"]),
                                 ("impact", owner.impact["account_sid"])]:
            seed = {vendor: owner.state()[vendor]}
            said = problem(admin("POST", "/sandboxes", {"id": "py-thief", "seed": seed}), 409, "identity-taken")
            assert "prefix_only" in said and identity in said, said
        problem(admin("GET", "/sandboxes/py-thief"), 404, "no-sandbox")
        with Sandbox() as other:
            before = other.state()
            problem(other.admin("PUT", "/state", {"chase": owner.state()["chase"]}), 409, "identity-taken")
            same(other.state(), before)
        with Sandbox(seed={"chase": owner.state()["chase"]}, prefix_only=True) as twin:
            same(twin.chase["api_key"], owner.chase["api_key"])
            expect(twin.log({"email": "user@example.com"}), 202)
            same(len(twin.conversions("?wait_ms=5000")["conversions"]), 1)
            same(owner.conversions()["conversions"], [])
            expect(call("POST", f"{DEFAULT}/api/v2/conversions", '{"email":"user@example.com"}',
                        {"X-API-Key": twin.chase["api_key"], "Content-Type": "application/json"}), 202)
            same(len(owner.conversions("?wait_ms=5000")["conversions"]), 1)


# --- state ------------------------------------------------------------------------------------------------------------


@check
def putting_back_the_state_changes_nothing():
    with Sandbox(SEEDED, now=NOON) as sandbox:
        fresh = sandbox.state()
        same(list(fresh), ["comm100", "chase", "impact"])
        same(expect(sandbox.admin("PUT", "/state", fresh), 200).json(), fresh)
        expect(sandbox.mark(), 200)
        expect(sandbox.log({"email": "user@example.com"}), 202)
        uri = expect(sandbox.submit(sandbox.order(**TWO_LINES)), 200).json()["QueuedUri"]
        sandbox.advance(2000)
        record, actions = sandbox.record(uri), sandbox.actions()
        used = sandbox.state()
        assert used != fresh
        expect(sandbox.admin("PUT", "/state", used), 200, used)
        same(sandbox.state(), used)
        same([sandbox.record(uri), sandbox.actions()], [record, actions])
        # It is the seed now.
        expect(sandbox.submit(sandbox.order("ORD-2", Amount="1")), 200)
        expect(sandbox.admin("POST", "/reset", {"only": ["state"]}), 204)
        same(sandbox.state(), used)
        # And another sandbox that starts from it answers alike.
        with Sandbox(SEEDED, now="2026-06-10T17:15:32Z", seed=used, prefix_only=True) as twin:
            same(twin.state(), used)
            same([twin.record(uri), twin.actions()], [record, actions])
            same(twin.submit(twin.order("ORD-3", Amount="1")).json(),
                 sandbox.submit(sandbox.order("ORD-3", Amount="1")).json())


@check
def a_patch_changes_the_present_until_a_reset():
    with Sandbox() as sandbox:
        before = sandbox.state()
        business = {"comm100": {"accounts": {"main": {"edition": "business"}}}}
        after_it = expect(sandbox.admin("PATCH", "/state", business), 200).json()
        same(after_it["comm100"]["accounts"]["main"]["edition"], "business")
        same(sandbox.state(), after_it)
        expect(sandbox.list_actions(), 403, {"code": 403000, "message": "Access denied."})
        expect(sandbox.admin("PATCH", "/state", {"comm100": {"accounts": {"main": {
            "edition": "enterprise", "actions": {"2": None}}}}}), 200)
        expect(sandbox.list_actions(), 200, [{"id": 1, "isEnable": True, "name": "Product Purchase"}])
        for wrong in ({"comm100": {"accounts": {"main": {"editon": "business"}}}},
                      {"comm100": {"accounts": {"main": {"edition": "buisness"}}}}, {"com100": {}}):
            patched = sandbox.state()
            assert "did you mean" in problem(sandbox.admin("PATCH", "/state", wrong), 400, "bad-member"), wrong
            same(sandbox.state(), patched)
        expect(sandbox.admin("POST", "/reset", {"only": ["state"]}), 204)
        same(sandbox.state(), before)
        problem(call("PATCH", f"{DEFAULT}/__admin/sandboxes/{sandbox.id}/state", "{"), 400, "not-json")


@check
def a_reset_brings_back_what_it_names():
    with Sandbox(now=NOON) as sandbox:
        def stand():
            clock = expect(sandbox.admin("GET", "/clock"), 200).json()
            journal = expect(sandbox.admin("GET", "/requests"), 200).json()["requests"]
            left = expect(sandbox.partner_call("GET", "/Actions"), 200).headers["X-RateLimit-Remaining-hour"]
            feed = sandbox.conversions("?vendor=impact")["conversions"]
            return clock["mode"], len(journal), left, len(feed)

        expect(sandbox.submit(sandbox.order(Amount="1")), 200)
        same(stand(), ("fixed", 1, "499", 1))
        expect(sandbox.admin("POST", "/reset", {"only": ["journal"]}), 204)
        same(stand(), ("fixed", 0, "498", 1))
        expect(sandbox.admin("POST", "/reset", {"only": ["counts"]}), 204)
        same(stand(), ("fixed", 1, "499", 1))
        expect(sandbox.admin("POST", "/reset", {"only": ["state"]}), 204)
        same(stand(), ("fixed", 2, "498", 0))
        expect(sandbox.admin("POST", "/reset", {"only": ["clock"]}), 204)
        same(stand()[0::3], ("system", 0))
        assert "did you mean" in problem(sandbox.admin("POST", "/reset", {"only": ["clok"]}), 400, "bad-member")
        expect(sandbox.submit(sandbox.order(Amount="1")), 200)
        expect(sandbox.admin("POST", "/reset"), 204)
        same(stand(), ("system", 0, "499", 0))


@check
def the_clock_is_set_and_moved():
    with Sandbox() as sandbox:
        clock = expect(sandbox.admin("GET", "/clock"), 200).json()
        same([clock["mode"], clock["offset_ms"]], ["system", 0])
        fixed = expect(sandbox.admin("PUT", "/clock", {"mode": "fixed", "now": "2026-01-31T00:00:00Z"}), 200).json()
        same([fixed["mode"], fixed["now"]], ["fixed", "2026-01-31T00:00:00Z"])
        same(sandbox.advance(DAY_MS)["now"], "2026-02-01T00:00:00Z")
        answer = sandbox.log({"email": "user@example.com"})
        same(answer.headers["date"], "Sun, 01 Feb 2026 00:00:00 GMT")
        ahead = expect(sandbox.admin("PUT", "/clock", {"mode": "shifted", "offset_ms": DAY_MS}), 200).json()
        same([ahead["mode"], ahead["offset_ms"]], ["shifted", DAY_MS])
        same(expect(sandbox.admin("PUT", "/clock", {"mode": "system"}), 200).json()["offset_ms"], 0)
        same(sandbox.advance(1000)["mode"], "shifted")
        for wrong in ({"mode": "fixed", "now": "yesterday"}, {"mode": "fixd"}, {"mode": "shifted"},
                      {"mode": "system", "now": "2026-01-31T00:00:00Z"}, {}):
            problem(sandbox.admin("PUT", "/clock", wrong), 400, "bad-member")
        for wrong in ({"ms": -1}, {"ms": "1"}, {}, {"ms": 1, "seconds": 1}):
            problem(sandbox.admin("POST", "/clock/advance", wrong), 400, "bad-member")
        problem(sandbox.admin("POST", "/clock/advance", {"ms": 9000 * 366 * DAY_MS}), 400, "clock-range")
        with Sandbox() as other:
            same(expect(other.admin("GET", "/clock"), 200).json()["mode"], "system")


# --- requests ---------------------------------------------------------------------------------------------------------


@check
def the_journal_says_what_came_and_who_refused_it():
    with Sandbox() as sandbox:
        expect(sandbox.log({"email": "user@example.com"}), 202)
        expect(sandbox.log({"email": "user@example.com"}, key="a-wrong-secret"), 401)
        expect(sandbox.list_actions(), 200)
        expect(sandbox.mark(basic=(sandbox.agent()[0], "another-wrong-secret")), 401)
        expect(sandbox.submit(sandbox.order(Amount="-1")), 400)
        expect(call("GET", sandbox.chase["base_url"] + "/nothing?key=x"), 404)

        answer = expect(sandbox.admin("GET", "/requests"), 200)
        found = answer.json()
        same([(entry["n"], entry["vendor"], entry["route"], entry["answer"]["status"]) for entry in found["requests"]], [
            (6, "chase", None, 404),
            (5, "impact", "POST /Mediapartners/{AccountSID}/PartnerConversions", 400),
            (4, "comm100", "POST /api/v1/livechat/mark_api_conversion_successful", 401),
            (3, "comm100", "GET /api/v1/livechat/conversions", 200),
            (2, "chase", "POST /api/v2/conversions", 401),
            (1, "chase", "POST /api/v2/conversions", 202)])
        for entry in found["requests"]:
            refused = entry["answer"]["status"] >= 400
            same(bool(entry["refused_by"]), refused)
            same(bool(entry["why"]), refused)
            assert all(rule.startswith(entry["vendor"] + ".") for rule in entry["refused_by"]), entry
        secrets = ["a-wrong-secret", "another-wrong-secret", sandbox.chase["api_key"], sandbox.agent()[1],
                   sandbox.partner()[1], base64.b64encode(":".join(sandbox.agent()).encode()).decode(),
                   base64.b64encode(":".join(sandbox.partner()).encode()).decode()]
        assert not any(secret.encode() in answer.body for secret in secrets), answer
        for entry, name in (found["requests"][4], "x-api-key"), (found["requests"][3], "authorization"):
            assert "***" in dict(entry["request"]["headers"])[name], entry
        first, last = found["requests"][5], found["requests"][0]
        same([first["request"]["method"], first["request"]["body"]], ["POST", '{"email": "user@example.com"}'])
        assert last["request"]["target"].endswith("/chase/nothing?key=x"), last
        same([found["total"], sum(count["calls"] for count in found["counts"]), found["next"], found["complete"]],
             [6, 6, None, True])

        def numbers(query):
            listed = expect(sandbox.admin("GET", f"/requests{query}"), 200).json()
            return [entry["n"] for entry in listed["requests"]], listed["next"]

        rule = found["requests"][4]["refused_by"][0]
        route = urllib.parse.quote("POST /api/v2/conversions")
        for query, wanted in [("?vendor=chase", [6, 2, 1]), ("?status=401", [4, 2]), (f"?refused_by={rule}", [2]),
                              ("?refused_by=impact", [5]), ("?since=4", [6, 5]), (f"?route={route}", [2, 1]),
                              ("?vendor=chase&status=401", [2]), ("?status=500", [])]:
            same((query, *numbers(query)), (query, wanted, None))
        pages, before = [], ""
        while len(pages) < 9:
            page, following = numbers(f"?limit=2{before}")
            pages.append(page)
            if following is None:
                break
            before = f"&before={following}"
        same(pages, [[6, 5], [4, 3], [2, 1]])

        expect(sandbox.admin("GET", "/requests/2"), 200, found["requests"][4])
        problem(sandbox.admin("GET", "/requests/7"), 404, "no-entry")
        same(expect(sandbox.admin("DELETE", "/requests"), 204).body, b"")
        problem(sandbox.admin("GET", "/requests/2"), 410, "entry-dropped")
        expect(sandbox.list_actions(), 200)
        left = expect(sandbox.admin("GET", "/requests"), 200).json()
        same([[entry["n"] for entry in left["requests"]], left["total"], left["complete"]], [[7], 7, False])


@check
def filters_that_are_none_are_refused():
    with Sandbox() as sandbox:
        for wrong in ("limit=0", "limit=1001", "vendor=acme", "status=abc", "since=-1", "lmit=1", "limit=1&limit=2"):
            problem(sandbox.admin("GET", f"/requests?{wrong}"), 400, "bad-member")


@check
def a_client_that_leaves_is_in_the_journal():
    with Sandbox() as sandbox:
        parts = urllib.parse.urlsplit(sandbox.chase["base_url"])
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as half:
            half.sendall(f"POST {parts.path}/api/v2/conversions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                         f"X-API-Key: {sandbox.chase['api_key']}\r\nContent-Type: application/json\r\n"
                         "Content-Length: 100\r\n\r\n{\"email\":".encode())
        for _ in range(100):
            entries = expect(sandbox.admin("GET", "/requests"), 200).json()["requests"]
            if entries:
                break
            time.sleep(0.02)
        same([(entry["vendor"], entry["answer"], bool(entry["why"])) for entry in entries], [("chase", None, True)])


# --- the admin API itself ---------------------------------------------------------------------------------------------


@check
def the_admin_api_says_what_it_is():
    health = expect(admin("GET", "/health"), 200)
    same(list(health.json()), ["status", "product", "version"])
    same([health.json()["status"], health.json()["product"], health.headers["Cache-Control"]],
         ["ok", "mock-server", "no-store"])
    vendors = {vendor["name"]: vendor for vendor in expect(admin("GET", "/vendors"), 200).json()["vendors"]}
    same(sorted(vendors), ["chase", "comm100", "impact"])
    same(vendors["chase"], {"name": "chase", "title": "Chase", "hosts": ["services.meetchase.ai"],
                            "base_url": f"{DEFAULT}/chase", "routes": ["POST /api/v2/conversions"]})
    assert {"hosted.comm100.com", "ent1portal.comm100.com"} <= set(vendors["comm100"]["hosts"])
    same(len(vendors["comm100"]["hosts"]), 7)
    assert "GET /Mediapartners/{AccountSID}/Actions" in vendors["impact"]["routes"]
    described = expect(admin("GET", "/openapi.json"), 200).json()
    same(described["openapi"], "3.1.0")
    for path, item in described["paths"].items():
        if "{" not in path and "get" in item:
            said = item["get"]["responses"]["200"]
            said = described["components"]["responses"][said["$ref"].split("/")[-1]] if "$ref" in said else said
            if "text/event-stream" in said["content"]:
                continue  # It has no end.
            answer = expect(admin("GET", path), 200)
            same([answer.headers["Content-Type"]], list(said["content"]))


@check
def wrong_admin_calls_get_a_way_out():
    assert "/__admin/conversions" in problem(admin("GET", "/conversion"), 404, "not-found")
    assert expect(admin("GET", "/conversion"), 404).json()["hint"]
    answer = admin("POST", "/state", {})
    problem(answer, 405, "method")
    same(sorted(answer.headers["Allow"].split(", ")), ["GET", "PATCH", "PUT"])
    with Sandbox(id="py-checkout"):
        assert "py-checkout" in problem(admin("GET", "/sandboxes/py-chekout/state"), 404, "no-sandbox")
        assert "py-checkout" in problem(call("GET", f"{DEFAULT}/s/py-chekout/chase/"), 404, "no-sandbox")
    assert "did you mean" in problem(admin("POST", "/sandboxes", {"prefx_only": True}), 400, "bad-member")
    problem(call("POST", f"{DEFAULT}/__admin/sandboxes", "id=x", FORM), 400, "not-json")
    problem(admin("POST", "/sandboxes", {"seed": {"comm100": {"accounts": {"main": {"editon": "x"}}}}}), 400,
            "bad-member")


@check
def nothing_unknown_or_repeated_is_overlooked():
    with Sandbox() as sandbox:
        before = sandbox.state()
        for path in ("", "/state", "/clock"):
            problem(sandbox.admin("GET", f"{path}?x=1"), 400, "bad-member")
        problem(admin("GET", "/health?x=1"), 400, "bad-member")
        url = f"{DEFAULT}/__admin/sandboxes/{sandbox.id}"
        for method, path, body in [("PUT", "/clock", '{"mode":"fixed","mode":"system"}'),
                                   ("POST", "/clock/advance", '{"ms":1,"ms":2}'),
                                   ("POST", "/reset", '{"only":["clock"],"only":["state"]}'),
                                   ("PATCH", "/state", '{"chase":{"log_delay_ms":1,"log_delay_ms":2}}'),
                                   ("PUT", "/state", '{"chase":{},"chase":{}}')]:
            problem(call(method, url + path, body), 400, "bad-member")
        same(sandbox.state(), before)


def main():
    failed = 0
    for function in CHECKS:
        try:
            function()
        except Exception:
            failed += 1
            print(f"{function.__name__.replace('_', ' ')}:\n{traceback.format_exc()}", file=sys.stderr)
    print(f"python: {len(CHECKS) - failed} of {len(CHECKS)} checks hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
