#!/usr/bin/env bash
# Kafka, one node in KRaft mode, from Maven Central. Exports KAFKA_BROKERS; KAFKA_JARS, the folder of jars with the Java client; and
# KAFKA_PYTHON, a Python with kafka-python, a client independent of librdkafka.

set -euo pipefail

# shellcheck source=scripts/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=kafka
port KAFKA_PORT 19092
port KAFKA_CONTROLLER_PORT 19093
version=4.3.1
# Kafka's POM has no logger. This version matches its slf4j-api.
slf4j=1.7.36
jars=$software/kafka/$version
java=(java -Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*")
ready_seconds=90

install_service() {
    need java default-jre-headless
    python_with "$software/kafka/python" kafka-python==3.0.12
    [[ ! -d $jars ]] || return 0
    need mvn maven default-jre-headless
    rm -rf "$jars.new"
    mkdir -p "$jars.new"
    cat >"$jars.new/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$slf4j</version></dependency>
  </dependencies>
</project>
POM
    maven copy-dependencies -f "$jars.new/pom.xml" -DincludeScope=runtime "-DoutputDirectory=$jars.new"
    mv "$jars.new" "$jars"
}

# By default internal topics need three brokers and have up to 50 partitions. A killed broker can rejoin after its session time-out,
# which is 9 s by default.
configure() {
    cat <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT
listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
advertised.listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.partitions=1
auto.create.topics.enable=true
num.network.threads=2
num.io.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=2097152
CONF
}

start_service() {
    local cluster
    [[ -d $jars ]] || fail "is not installed"
    configure >"$dir/server.properties"
    if [[ ! -s $dir/data/meta.properties ]]; then
        # Sixteen bytes in base64, without characters that are special in a URL or an option.
        cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
        "${java[@]}" kafka.tools.StorageTool format -t "$cluster" -c "$dir/server.properties" >"$dir/format.log" 2>&1 || {
            show_log format
            fail "the data folder could not be formatted"
        }
    fi
    launch kafka "${java[@]}" kafka.Kafka "$dir/server.properties"
}

# Requests the API versions and expects the same correlation id without an error. The port opens before the broker serves.
ready() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/127.0.0.1/$KAFKA_PORT" || exit
        printf '\0\0\0\15\0\22\0\0\0\0\0\52\0\3svc' >&3
        timeout 3 head -c 10 <&3 | od -An -v -tx1 | tr -d ' \n'
    )
    [[ ${answer:8:12} == 0000002a0000 ]]
}

# Sends and consumes one record with a header, through a consumer group, with the Java client of the broker's jars.
check_service() {
    cat >"$dir/Check.java" <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

public class Check {
    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        String topic = "check-" + UUID.randomUUID();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            var message = new ProducerRecord<>(topic, "key", "value");
            message.headers().add("header", "content".getBytes());
            System.out.println("sent to " + producer.send(message).get());
        }
        settings.put("group.id", topic);
        settings.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (int attempt = 0; attempt < 50; attempt++) {
                for (var message : consumer.poll(Duration.ofMillis(200))) {
                    System.out.println("got " + message.value() + ", header " + new String(message.headers().lastHeader("header").value()));
                    return;
                }
            }
        }
        System.exit(1);
    }
}
JAVA
    "${java[@]}" "$dir/Check.java" "127.0.0.1:$KAFKA_PORT"
}

addresses() {
    address KAFKA_BROKERS "127.0.0.1:$KAFKA_PORT"
    address KAFKA_JARS "$jars"
    address KAFKA_PYTHON "$software/kafka/python/bin/python"
}

stop_service() { end kafka TERM 30; }

main "$@"
