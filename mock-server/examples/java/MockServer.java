import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** Finds or starts a mock-server, and makes sandboxes. Needs nothing but Json.java: copy both into your tests. */
final class MockServer implements AutoCloseable {
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Process process;
    private final String admin;

    /** The server of MOCK_URL, which `mock-server run` sets; without it, one of its own on a free port. */
    MockServer() throws Exception {
        String url = System.getenv("MOCK_URL");
        if (url != null) {
            process = null;
            admin = System.getenv().getOrDefault("MOCK_ADMIN_URL", url + "/__admin");
            return;
        }
        // Fails if there is no such program: put it on PATH, or name it in MOCK_SERVER.
        String program = System.getenv().getOrDefault("MOCK_SERVER", "mock-server");
        process = new ProcessBuilder(program, "--listen", "127.0.0.1:0", "--exit-with-stdin", "--quiet")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // Its first line says where it serves.
        admin = Json.parse(process.inputReader().readLine()).at("http") + "/__admin";
    }

    /** Stops it, if it is ours: it ends with its standard input, also if this process crashes. */
    @Override
    public void close() throws Exception {
        if (process == null) return;
        process.getOutputStream().close();
        process.waitFor();
    }

    /** A new sandbox. */
    Sandbox sandbox() throws Exception {
        return new Sandbox(admin("POST", "/sandboxes", "{}"));
    }

    /** A call of the admin API; the body may be null. What it refuses is thrown with its detail and hint. */
    Json admin(String method, String path, String body) throws Exception {
        var publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(URI.create(admin + path)).method(method, publisher);
        String token = System.getenv("MOCK_ADMIN_TOKEN");
        if (token != null) request.header("Authorization", "Bearer " + token);
        HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() >= 300) throw new AssertionError(method + " " + path + ": " + answer.body());
        return answer.body().isEmpty() ? null : Json.parse(answer.body());
    }

    /** An account with each vendor, their state, a clock and a journal, shared with nobody. */
    final class Sandbox implements AutoCloseable {
        /** Base URLs and credentials, by vendor. */
        final Json vendors;
        private final String path;

        private Sandbox(Json made) {
            vendors = made.at("vendors");
            path = "/sandboxes/" + made.at("id");
        }

        /** Scripts calls to go wrong: {"match", "do", "times", "skip", "when": "before" or "after", "probability", "id"}. */
        Json fault(String fault) throws Exception {
            return admin("POST", path + "/faults", fault);
        }

        /** What all vendors accepted, oldest first: "vendor=chase&wait_ms=5000" waits until there is one. */
        Json conversions(String filters) throws Exception {
            return admin("GET", path + "/conversions?" + filters, null).at("conversions");
        }

        /** The calls that were made, oldest first, each with its answer, the rules that refused it, and the fault. */
        Json requests(String filters) throws Exception {
            return admin("GET", path + "/requests?" + filters, null).at("requests").reversed();
        }

        /** Whether so many calls match: {"match", "count", "wait_ms"}. If not, `nearest` says what comes near. */
        Json verify(String wanted) throws Exception {
            return admin("POST", path + "/verify", wanted);
        }

        /** Stops the sandbox's clock at an instant: 2026-06-10T12:00:00Z. */
        void stopClock(String now) throws Exception {
            admin("PUT", path + "/clock", "{\"mode\":\"fixed\",\"now\":" + Json.quote(now) + "}");
        }

        /** Moves the clock on. */
        void advance(int hours) throws Exception {
            admin("POST", path + "/clock/advance", "{\"ms\":" + hours * 3_600_000L + "}");
        }

        /** Changes the present state, by JSON merge patch. `mock-server seed print` explains every member. */
        void change(String state) throws Exception {
            admin("PATCH", path + "/state", state);
        }

        /** Drops it. */
        @Override
        public void close() throws Exception {
            admin("DELETE", path, null);
        }
    }
}
