import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What the reporter does when all is well, when a service is busy, and when an answer is lost. All tests run at once. */
public final class Suite {
    private static final String VISITOR = "7273e957-02cb-4c03-a84c-44283fcfd47d";
    private static final String SUBMIT = """
            {"vendor": "impact", "route": "POST /Mediapartners/{AccountSID}/PartnerConversions"}""";
    private static final String SUBMIT_ORD_1 = """
            {"vendor": "impact", "method": "POST", "form": {"OrderId": "ORD-1"}}""";

    private static final Map<String, Test> TESTS = new LinkedHashMap<>();

    static {
        TESTS.put("Comm100 marks a conversion", (sandbox, reporter, pauses) -> {
            reporter.mark(VISITOR, "Product Purchase", "500");

            Json conversion = only(sandbox.conversions("vendor=comm100"));
            equal(VISITOR, conversion.at("who"));
            equal("Product Purchase", conversion.at("name"));
            equal("500", conversion.at("value"));
        });

        TESTS.put("Comm100 says no in an answer of 200", (sandbox, reporter, pauses) -> {
            refused("does not exist", () -> reporter.mark(VISITOR, "no such action", "500"));

            equal("[]", sandbox.conversions(""));
        });

        TESTS.put("Chase logs a conversion", (sandbox, reporter, pauses) -> {
            reporter.log("user@example.com", "purchase", "{\"plan\": \"premium\"}");

            // Chase answers first and logs in the background.
            Json conversion = only(sandbox.conversions("vendor=chase&wait_ms=5000"));
            equal("user@example.com", conversion.at("who"));
            equal("premium", conversion.at("raw", "conversion_data", "plan"));
        });

        TESTS.put("impact.com queues a conversion", (sandbox, reporter, pauses) -> {
            reporter.submit("ORD-1", "86.99");

            Json conversion = only(sandbox.conversions("vendor=impact"));
            equal("ORD-1", conversion.at("order_id"));
            equal("86.99", conversion.at("value"));
            equal("USD", conversion.at("currency"));
        });

        TESTS.put("too many requests are repeated when the service says", (sandbox, reporter, pauses) -> {
            sandbox.fault("""
                    {"id": "busy", "match": %s, "times": 2, "do": {"status": 429}}""".formatted(SUBMIT));

            reporter.submit("ORD-1", "86.99");

            // impact.com's Retry-After is one second here.
            equal("[1, 1]", pauses);
            Json calls = sandbox.requests("vendor=impact");
            equal("[429, 429, 200]", calls.each("answer", "status"));
            equal("[busy, busy, null]", calls.each("fault"));
            only(sandbox.conversions(""));
        });

        TESTS.put("who is always busy is given up", (sandbox, reporter, pauses) -> {
            sandbox.fault("""
                    {"match": %s, "do": {"status": {"code": 503, "headers": {"Retry-After": "7"}}}}""".formatted(SUBMIT));

            refused("503", () -> reporter.submit("ORD-1", "86.99"));

            equal("[7, 7]", pauses);
            equal("[]", sandbox.conversions(""));
        });

        TESTS.put("a lost answer causes no second action", (sandbox, reporter, pauses) -> {
            // The conversion counts, but its answer is a 500: the reporter has to send it again.
            sandbox.fault("""
                    {"match": %s, "times": 1, "when": "after", "do": {"status": 500}}""".formatted(SUBMIT));

            reporter.submit("ORD-1", "86.99");

            sandbox.advance(1);
            equal("[PENDING, CONV_DUPLICATE]", sandbox.conversions("order_id=ORD-1").each("state"));
        });

        TESTS.put("a background worker is waited for", (sandbox, reporter, pauses) -> {
            var sending = reporter.submitLater(300, "ORD-1", "86.99");

            Json verdict = sandbox.verify("""
                    {"match": %s, "count": {"at_least": 1}, "wait_ms": 5000}""".formatted(SUBMIT_ORD_1));
            equal(true, verdict.at("ok"), verdict.at("nearest"));
            sending.get();
        });

        TESTS.put("a background conversion is waited for", (sandbox, reporter, pauses) -> {
            var sending = reporter.submitLater(300, "ORD-1", "86.99");

            only(sandbox.conversions("order_id=ORD-1&wait_ms=5000"));
            sending.get();
        });

        TESTS.put("a submission completes within the hour", (sandbox, reporter, pauses) -> {
            sandbox.stopClock("2026-06-10T12:00:00Z");
            String uri = reporter.submit("ORD-1", "86.99");
            equal("Queued", reporter.submission(uri));

            sandbox.advance(1);

            equal("Complete", reporter.submission(uri));
        });

        TESTS.put("the calls of a day start again at midnight", (sandbox, reporter, pauses) -> {
            sandbox.stopClock("2026-06-10T23:30:00Z");
            sandbox.change("""
                    {"comm100": {"accounts": {"main": {"daily_limit": 1}}}}""");
            reporter.mark(VISITOR, "Product Purchase", "1");
            refused("daily API calling limit", () -> reporter.mark(VISITOR, "Product Purchase", "2"));

            sandbox.advance(1);

            reporter.mark(VISITOR, "Product Purchase", "3");
            equal("[1, 3]", sandbox.conversions("").each("value"));
        });

        TESTS.put("a wrong call says what is wrong", (sandbox, reporter, pauses) -> {
            refused("OrderId", () -> reporter.submit("", "86.99"));

            Json verdict = sandbox.verify("""
                    {"match": %s, "count": {"exactly": 1}}""".formatted(SUBMIT_ORD_1));
            equal(false, verdict.at("ok"));
            equal("[{member=form.OrderId, wanted={equals=ORD-1}, found=}]", verdict.at("nearest", 0, "differences"));

            Json call = only(sandbox.requests("refused_by=impact"));
            equal("[impact.conversions.order_id_required]", call.at("refused_by"));
            equal("[A conversion without OrderId is refused, and the error names it.]", call.at("says"));
        });

        TESTS.put("nothing is refused", (sandbox, reporter, pauses) -> {
            reporter.mark(VISITOR, "Product Purchase", "500");
            reporter.log("user@example.com", "purchase", "{\"plan\": \"premium\"}");
            reporter.submission(reporter.submit("ORD-1", "86.99"));

            Json verdict = sandbox.verify("""
                    {"match": {"refused": true}, "count": {"exactly": 0}}""");
            equal(true, verdict.at("ok"), verdict.at("nearest"));
        });
    }

    private interface Call {
        void make() throws Exception;
    }

    /** A test has a sandbox of its own. The seconds that the reporter would have waited are in `pauses`. */
    private interface Test {
        void run(MockServer.Sandbox sandbox, Reporter reporter, List<Long> pauses) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        int failed = 0;
        try (var server = new MockServer()) {
            var executor = Executors.newFixedThreadPool(4);
            var running = new LinkedHashMap<String, Future<?>>();
            TESTS.forEach((name, test) -> running.put(name, executor.submit(() -> {
                var pauses = new ArrayList<Long>();
                try (var sandbox = server.sandbox()) {
                    test.run(sandbox, new Reporter(sandbox.vendors, pauses::add), pauses);
                }
                return null;
            })));
            executor.shutdown();
            for (var test : running.entrySet()) {
                try {
                    test.getValue().get();
                    System.out.println("ok      " + test.getKey());
                } catch (ExecutionException error) {
                    failed++;
                    System.out.println("FAILED  " + test.getKey() + ": " + error.getCause());
                }
            }
        }
        System.out.println((TESTS.size() - failed) + " passed, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }

    /** Compares by what is printed, so that a list may be given as a text. */
    private static void equal(Object wanted, Object found, Object... about) {
        if (!Objects.toString(wanted).equals(Objects.toString(found))) {
            throw new AssertionError("wanted " + wanted + ", found " + found + " " + List.of(about));
        }
    }

    private static Json only(Json list) {
        equal(1, list.each().size(), list);
        return list.at(0);
    }

    private static void refused(String says, Call call) throws Exception {
        try {
            call.make();
        } catch (Reporter.Refused refusal) {
            if (refusal.getMessage().contains(says)) return;
            throw refusal;
        }
        throw new AssertionError("accepted, though it should be refused: " + says);
    }
}
