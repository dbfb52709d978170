/* Gateway.java: speaks to the gateway without our library, with nothing but Java 17: submits the CloudEvent of a file and
 * prints its receipt. A request is signed as RFC 9421 says, with Ed25519.
 *
 *     java Gateway.java https://HUB:8443 ORGANISATION/KEY key.pem prescription.json */
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;

public class Gateway {
    static final String TYPE = "application/cloudevents+json";

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    static PrivateKey read(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[^-]*-----|\\s", "");
        return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0] + "/v1/events?wait=30", keyId = arguments[1];
        byte[] body = Files.readAllBytes(Path.of(arguments[3]));

        String digest = "sha-256=:" + base64(MessageDigest.getInstance("SHA-256").digest(body)) + ":";
        String parameters = "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\");created=" + Instant.now().getEpochSecond()
                + ";nonce=\"" + UUID.randomUUID() + "\";keyid=\"" + keyId + "\";alg=\"ed25519\"";
        String signed = "\"@method\": POST\n\"@target-uri\": " + url + "\n\"content-type\": " + TYPE
                + "\n\"content-digest\": " + digest
                + "\n\"@signature-params\": " + parameters;
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(read(arguments[2]));
        signature.update(signed.getBytes("UTF-8"));

        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(90))
                .header("Content-Type", TYPE)
                .header("Content-Digest", digest)
                .header("Signature-Input", "sig=" + parameters)
                .header("Signature", "sig=:" + base64(signature.sign()) + ":")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
        HttpResponse<String> answer = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
                .send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
        System.exit(answer.statusCode() == 200 ? 0 : 1);
    }
}
