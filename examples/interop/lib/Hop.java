import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** One hop in a chain of services, with the interface of the relay: GET /call?next=URL. Prints its address, as the relay does. */
final class Hop {
    /** What a tracer made of the context, with hexadecimal ids. The parent is null for a root. */
    record Seen(String trace, String parent, String server, String client, Boolean sampled) {}

    interface Handler {
        /** Continues the trace of the headers, whose names are in lower case, and calls the next service with injected headers. */
        Seen handle(Map<String, String> headers, Consumer<Map<String, String>> call) throws Exception;
    }

    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Hop() {}

    /** Serves until the process is killed. */
    static void serve(Handler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/call", exchange -> answer(exchange, handler));
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The digits of an id, or null if there is none. */
    static String hex(long id) {
        return id == 0 ? null : Long.toHexString(id);
    }

    private static void answer(HttpExchange exchange, Handler handler) throws IOException {
        int status = 200;
        String body;
        try {
            body = pass(exchange, handler);
        } catch (Exception | LinkageError error) {
            status = 500;
            body = "{\"error\":" + quoted(error.toString()) + "}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static String pass(HttpExchange exchange, Handler handler) throws Exception {
        String query = exchange.getRequestURI().getRawQuery();
        URI next = URI.create(URLDecoder.decode(query.substring("next=".length()), StandardCharsets.UTF_8));
        Map<String, String> headers = new HashMap<>();
        List<String> received = new ArrayList<>();
        exchange.getRequestHeaders().forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            headers.put(lower, values.get(0));
            values.forEach(value -> received.add("[" + quoted(lower) + "," + quoted(value) + "]"));
        });
        String[] answer = {"null"};
        Seen seen = handler.handle(headers, outgoing -> answer[0] = get(next, outgoing));
        return "{\"trace\":" + quoted(seen.trace) + ",\"parent\":" + quoted(seen.parent) + ",\"server\":" + quoted(seen.server)
            + ",\"client\":" + quoted(seen.client) + ",\"sampled\":" + seen.sampled + ",\"received\":[" + String.join(",", received)
            + "],\"next\":" + answer[0] + "}";
    }

    private static String get(URI uri, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri);
        headers.forEach(request::header);
        try {
            var response = CLIENT.send(request.build(), BodyHandlers.ofString());
            return "{\"status\":" + response.statusCode() + ",\"body\":" + response.body() + "}";
        } catch (IOException | InterruptedException error) {
            return "{\"error\":" + quoted(error.toString()) + "}";
        }
    }

    private static String quoted(String text) {
        return text == null ? "null" : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
