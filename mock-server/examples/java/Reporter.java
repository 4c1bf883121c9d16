import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Reports conversions to Comm100, Chase and impact.com. The code under test: it knows nothing of mock-server. */
final class Reporter {
    /** The service said no, or said too often that it is busy. */
    static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    /** Is given the seconds before another attempt. */
    interface Pause {
        void of(long seconds) throws InterruptedException;
    }

    private static final int ATTEMPTS = 3;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Json services;
    private final Pause pause;

    /** Services: {"comm100": {"base_url", …}, "chase": …, "impact": …}, each with its base URL and credentials. */
    Reporter(Json services, Pause pause) {
        this.services = services;
        this.pause = pause;
    }

    /** Marks a Comm100 conversion as successful. An answer of 200 may still say no. */
    void mark(String visitor, String conversion, String value) throws IOException, InterruptedException {
        var form = Map.of("conversion_name", conversion, "visitorId", visitor, "value", value);
        Json answer = Json.parse(send(HttpRequest.newBuilder(uri("comm100", "/api/v1/livechat/mark_api_conversion_successful"))
                .header("Authorization", basic("comm100", "username", "password"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(encoded(form)))));
        if (!answer.at("error_code").toString().equals("0")) throw new Refused(answer.at("error_message").toString());
    }

    /** Logs a conversion with Chase, which answers before it has done so. The data is a JSON object. */
    void log(String email, String kind, String data) throws IOException, InterruptedException {
        String body = "{\"email\":%s,\"conversion_type\":%s,\"conversion_data\":%s}"
                .formatted(Json.quote(email), Json.quote(kind), data);
        send(HttpRequest.newBuilder(uri("chase", "/api/v2/conversions"))
                .header("X-API-Key", services.at("chase", "api_key").toString())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    /** Submits a sale to impact.com. Returns where its record is. */
    String submit(String orderId, String amount) throws IOException, InterruptedException {
        Json impact = services.at("impact");
        var form = Map.of(
                "CampaignId", "10306",
                "ActionTrackerId", "19845",
                "MediaPartnerId", impact.at("media_partner_id").toString(),
                "EventDate", "NOW",
                "OrderId", orderId,
                "CurrencyCode", "USD",
                "Amount", amount);
        var request = impact("/Mediapartners/" + impact.at("account_sid") + "/PartnerConversions")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(encoded(form)));
        return Json.parse(send(request)).at("QueuedUri").toString();
    }

    /** Submits in the background, so many milliseconds from now. */
    CompletableFuture<String> submitLater(int delayMs, String orderId, String amount) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return submit(orderId, amount);
            } catch (IOException | InterruptedException error) {
                throw new CompletionException(error);
            }
        }, CompletableFuture.delayedExecutor(delayMs, TimeUnit.MILLISECONDS));
    }

    /** The state of a submission. */
    String submission(String uri) throws IOException, InterruptedException {
        return Json.parse(send(impact(uri))).at("Status").toString();
    }

    private HttpRequest.Builder impact(String path) {
        return HttpRequest.newBuilder(uri("impact", path))
                .header("Authorization", basic("impact", "account_sid", "auth_token"))
                // Without it, records come as XML.
                .header("Accept", "application/json");
    }

    /** Sends, and again after 429 and 5xx: when Retry-After says, else after 1, 2, 4, … seconds. */
    private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
        for (int attempt = 0; ; attempt++) {
            HttpResponse<String> answer = client.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.ofString());
            int status = answer.statusCode();
            if (status < 300) return answer.body();
            boolean busy = status == 429 || status >= 500;
            if (!busy || attempt + 1 == ATTEMPTS) throw new Refused(status + ": " + answer.body());
            pause.of(answer.headers().firstValueAsLong("Retry-After").orElse(1L << attempt));
        }
    }

    private URI uri(String service, String path) {
        return URI.create(services.at(service, "base_url") + path);
    }

    private String basic(String service, String user, String password) {
        String pair = services.at(service, user) + ":" + services.at(service, password);
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
    }

    private static String encoded(Map<String, String> form) {
        return form.entrySet().stream()
                .map(member -> member.getKey() + "=" + URLEncoder.encode(member.getValue(), UTF_8))
                .collect(Collectors.joining("&"));
    }
}
