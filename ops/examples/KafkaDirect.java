/* KafkaDirect.java: speaks to Kafka without our library: signs and submits a protobuf message of a file and prints its receipt.
 *
 *     protoc -I schemas --encode=medhub.trace.v1.ItemScanned schemas/medhub/trace/v1/trace.proto < scan.txt > scan.bin
 *     java -cp 'KAFKA/lib/*' KafkaDirect.java BROKERS ORGANISATION/KEY key.pem EVENT-ID PRODUCT scan.bin
 *
 * Needs kafka-clients (which picks partitions as the hub expects it). The attributes of the event are headers (CloudEvents 1.0,
 * Kafka binding, binary mode); ce_signature is made with Ed25519 over the texts below, each with its length before it. A real program reads the receipt with the classes that protoc makes; here two fields of it. */
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class KafkaDirect {
    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static int at; /* in the message that is being read */

    static int varint(byte[] message) {
        int number = 0, shift = 0;
        for (; message[at] < 0; shift += 7)
            number |= (message[at++] & 0x7F) << shift;
        return number | message[at++] << shift;
    }

    /* Field numbers to texts and numbers, as far as the outcome (field 4). */
    static Map<Integer, Object> fields(byte[] message) {
        Map<Integer, Object> fields = new TreeMap<>();
        for (at = 0; at < message.length && !fields.containsKey(4);) {
            int tag = varint(message), value = varint(message);
            fields.put(tag >> 3, (tag & 7) == 0 ? value : new String(message, at, value, StandardCharsets.UTF_8));
            at += (tag & 7) == 0 ? 0 : value;
        }
        return fields;
    }

    static String sign(String keyFile, byte[]... texts) throws Exception {
        var signed = new ByteArrayOutputStream();
        var out = new DataOutputStream(signed);
        for (byte[] text : texts) {
            out.writeInt(text.length);
            out.write(text);
        }
        String pem = Files.readString(Path.of(keyFile)).replaceAll("-----[^-]*-----|\\s", "");
        var signature = Signature.getInstance("Ed25519");
        signature.initSign(KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem))));
        signature.update(signed.toByteArray());
        return Base64.getEncoder().encodeToString(signature.sign());
    }

    public static void main(String[] arguments) throws Exception {
        String brokers = arguments[0], keyId = arguments[1], source = keyId.split("/")[0], id = arguments[3], product = arguments[4];
        String type = "medhub.trace.item_scanned.v1", time = Instant.now().toString();
        Map<String, Object> read = Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed");
        Map<String, Object> write = Map.of("bootstrap.servers", brokers, "acks", "all");
        try (var receipts = new KafkaConsumer<>(read, new ByteArrayDeserializer(), new ByteArrayDeserializer());
             var producer = new KafkaProducer<>(write, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<TopicPartition> partitions = receipts.partitionsFor("medhub.receipt").stream()
                    .map(p -> new TopicPartition(p.topic(), p.partition())).toList();
            receipts.assign(partitions);
            receipts.seekToEnd(partitions);
            partitions.forEach(receipts::position); /* now, not with the first poll */

            var event = new ProducerRecord<>("medhub.inbox.trace", utf8(product), Files.readAllBytes(Path.of(arguments[5])));
            String signature = sign(arguments[2], utf8("medhub-event-1"), utf8(id), utf8(source), utf8(type), utf8(time), utf8(""),
                                    event.key(), event.value());
            Map.of("ce_specversion", "1.0", "ce_id", id, "ce_source", source, "ce_type", type, "ce_time", time,
                   "ce_signature", keyId + ":" + signature, "content-type", "application/protobuf")
                    .forEach((name, value) -> event.headers().add(name, utf8(value)));
            producer.send(event).get(); /* all replicas in sync have it */

            for (int i = 0; i < 60; i++)
                for (ConsumerRecord<byte[], byte[]> record : receipts.poll(Duration.ofSeconds(1))) {
                    Map<Integer, Object> receipt = fields(record.value());
                    if (!source.equals(receipt.get(1)) || !id.equals(receipt.get(2)))
                        continue;
                    System.out.println(id + " " + List.of("?", "ACCEPTED", "REFUSED", "DUPLICATE").get((int) receipt.get(4)));
                    return;
                }
        }
        throw new IllegalStateException("no receipt within a minute");
    }
}
