package weir.bench;

import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.util.function.SerializableSupplier;

/** A sink that hands each record to a counter of its own and leaves the counter's figures behind at the end of the input. */
final class TallySink<T> implements Sink<T> {
    interface Counter<T> {
        void take(T record);

        /** Hands the figures to Tally.add. */
        void leave();
    }

    private final SerializableSupplier<Counter<T>> counters;

    TallySink(SerializableSupplier<Counter<T>> counters) {
        this.counters = counters;
    }

    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
        Counter<T> counter = counters.get();
        return new SinkWriter<>() {
            @Override
            public void write(T record, Context where) {
                counter.take(record);
            }

            @Override
            public void flush(boolean endOfInput) {
                if (!endOfInput) return;
                Tally.end();
                counter.leave();
            }

            @Override
            public void close() {}
        };
    }
}
