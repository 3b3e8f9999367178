#!/bin/sh
# Fetches the jars of Apache Kafka and what they depend on from Maven Central, formats a storage directory to copy from, and
# prints the directory that holds both (`jars/`, `formatted/`). Done once per version, into the cache; needs Java 17 and Maven.
# Usage: fetch-kafka.sh [--cached]   (--cached: fail rather than fetch)
set -eu

version=4.1.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/weir-test/kafka-$version

if [ ! -d "$cache/formatted" ]; then
  if [ "${1:-}" = --cached ]; then
    echo "Kafka $version is not here yet" >&2
    exit 1
  fi
  for tool in java mvn; do
    command -v $tool > /dev/null || { echo "Kafka needs $tool, and there is none" >&2; exit 1; }
  done
  # Suites start at the same time, and Maven's own cache is not made for two writers.
  mkdir -p "$(dirname "$cache")"
  exec 9> "$cache.lock"
  if command -v flock > /dev/null; then flock 9; fi
fi
if [ ! -d "$cache/formatted" ]; then
  # Made beside its place and moved there, so that an interrupted download leaves no half.
  new=$cache.new.$$
  mkdir -p "$new"
  trap 'rm -rf "$new"' EXIT
  cat > "$new/pom.xml" << POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
  (cd "$new" && mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$new/jars" >&2)
  cat > "$new/format.properties" << PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=PLAIN://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
listener.security.protocol.map=PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAIN
controller.listener.names=CONTROLLER
log.dirs=$new/formatted
PROPERTIES
  java -Xmx256m -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$new/jars/*" kafka.tools.StorageTool \
    format -t d2VpciB0ZXN0IGthZmthIA -c "$new/format.properties" >&2
  # Where there is no flock another process may have been quicker; then its directory serves as well.
  [ -d "$cache/formatted" ] || mv "$new" "$cache"
fi
echo "$cache"
