"""What the reporter does when all is well, when a service is busy, and when an answer is lost."""

import pytest

from reporter import Refused

VISITOR = "7273e957-02cb-4c03-a84c-44283fcfd47d"
SUBMIT = {"vendor": "impact", "route": "POST /Mediapartners/{AccountSID}/PartnerConversions"}


def test_comm100_marks_a_conversion(sandbox, reporter):
    reporter.mark(VISITOR, "Product Purchase", "500")

    (conversion,) = sandbox.conversions(vendor="comm100")
    assert conversion["who"] == VISITOR
    assert conversion["name"] == "Product Purchase"
    assert conversion["value"] == "500"


def test_comm100_says_no_in_an_answer_of_200(sandbox, reporter):
    with pytest.raises(Refused, match="does not exist"):
        reporter.mark(VISITOR, "no such action", "500")

    assert sandbox.conversions() == []


def test_chase_logs_a_conversion(sandbox, reporter):
    reporter.log("user@example.com", "purchase", {"plan": "premium"})

    # Chase answers first and logs in the background.
    (conversion,) = sandbox.conversions(vendor="chase", wait_ms=5000)
    assert conversion["who"] == "user@example.com"
    assert conversion["raw"]["conversion_data"] == {"plan": "premium"}


def test_impact_queues_a_conversion(sandbox, reporter):
    reporter.submit("ORD-1", "86.99")

    (conversion,) = sandbox.conversions(vendor="impact")
    assert conversion["order_id"] == "ORD-1"
    assert (conversion["value"], conversion["currency"]) == ("86.99", "USD")


def test_too_many_requests_are_repeated_when_the_service_says(sandbox, reporter, pauses):
    sandbox.fault(SUBMIT, {"status": 429}, id="busy", times=2)

    reporter.submit("ORD-1", "86.99")

    assert pauses == [1, 1], "impact.com's Retry-After is one second here"
    calls = sandbox.requests(vendor="impact")
    assert [call["answer"]["status"] for call in calls] == [429, 429, 200]
    assert [call["fault"] for call in calls] == ["busy", "busy", None]
    assert len(sandbox.conversions()) == 1


def test_who_is_always_busy_is_given_up(sandbox, reporter, pauses):
    sandbox.fault(SUBMIT, {"status": {"code": 503, "headers": {"Retry-After": "7"}}})

    with pytest.raises(Refused, match="503"):
        reporter.submit("ORD-1", "86.99")

    assert pauses == [7, 7]
    assert sandbox.conversions() == []


def test_a_lost_answer_causes_no_second_action(sandbox, reporter):
    # The conversion counts, but its answer is a 500: the reporter has to send it again.
    sandbox.fault(SUBMIT, {"status": 500}, when="after", times=1)

    reporter.submit("ORD-1", "86.99")

    sandbox.advance(hours=1)
    states = [conversion["state"] for conversion in sandbox.conversions(order_id="ORD-1")]
    assert states == ["PENDING", "CONV_DUPLICATE"], "the same OrderId makes no second action"


def test_a_background_worker_is_waited_for(sandbox, reporter):
    worker = reporter.submit_later(0.3, "ORD-1", "86.99")

    sent = sandbox.verify({**SUBMIT, "form": {"OrderId": "ORD-1"}}, wait_ms=5000, at_least=1)
    assert sent["ok"], sent["nearest"]
    worker.join()


def test_a_background_conversion_is_waited_for(sandbox, reporter):
    worker = reporter.submit_later(0.3, "ORD-1", "86.99")

    assert len(sandbox.conversions(order_id="ORD-1", wait_ms=5000)) == 1
    worker.join()


def test_a_submission_completes_within_the_hour(sandbox, reporter):
    sandbox.stop_clock("2026-06-10T12:00:00Z")
    uri = reporter.submit("ORD-1", "86.99")
    assert reporter.submission(uri)["Status"] == "Queued"

    sandbox.advance(hours=1)

    assert reporter.submission(uri)["Status"] == "Complete"


def test_the_calls_of_a_day_start_again_at_midnight(sandbox, reporter):
    sandbox.stop_clock("2026-06-10T23:30:00Z")
    sandbox.change({"comm100": {"accounts": {"main": {"daily_limit": 1}}}})
    reporter.mark(VISITOR, "Product Purchase", "1")
    with pytest.raises(Refused, match="daily API calling limit"):
        reporter.mark(VISITOR, "Product Purchase", "2")

    sandbox.advance(hours=1)

    reporter.mark(VISITOR, "Product Purchase", "3")
    assert [conversion["value"] for conversion in sandbox.conversions()] == ["1", "3"]


def test_a_wrong_call_says_what_is_wrong(sandbox, reporter):
    with pytest.raises(Refused, match="OrderId"):
        reporter.submit("", "86.99")

    verdict = sandbox.verify({**SUBMIT, "form": {"OrderId": "ORD-1"}}, exactly=1)
    assert not verdict["ok"]
    (difference,) = verdict["nearest"][0]["differences"]
    assert difference == {"member": "form.OrderId", "wanted": {"equals": "ORD-1"}, "found": ""}

    (call,) = sandbox.requests(refused_by="impact")
    assert call["refused_by"] == ["impact.conversions.order_id_required"]
    assert call["says"] == ["A conversion without OrderId is refused, and the error names it."]


def test_nothing_is_refused(sandbox, reporter):
    reporter.mark(VISITOR, "Product Purchase", "500")
    reporter.log("user@example.com", "purchase", {"plan": "premium"})
    reporter.submission(reporter.submit("ORD-1", "86.99"))

    refused = sandbox.verify({"refused": True}, exactly=0)
    assert refused["ok"], refused["nearest"]
