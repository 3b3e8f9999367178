package weir.bench;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceReader;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A sequence whose numbers come when they are due: `fast` of each split at once, the others so many per second. */
final class Paced extends NumberSequenceSource {
    private final long fast;
    private final double perSecond;

    private Paced(long count, long fast, double perSecond) {
        super(0, count - 1);
        this.fast = fast;
        this.perSecond = perSecond;
    }

    /** 0 … count - 1, in as many splits as there are subtasks. */
    static DataStreamSource<Long> numbers(StreamExecutionEnvironment env, long count, long fast, double perSecond) {
        return env.fromSource(new Paced(count, fast, perSecond), WatermarkStrategy.noWatermarks(), "numbers");
    }

    /** When the `n`-th number of a split is due, in nanoseconds of Tally's clock. */
    static long dueAt(long n, long fast, double perSecond) {
        return Tally.begun() + (long) ((n - fast) * 1e9 / perSecond);
    }

    @Override
    public SourceReader<Long, NumberSequenceSplit> createReader(SourceReaderContext context) {
        return new IteratorSourceReader<>(context) {
            private static final int BATCH = 1_024;
            private long given;
            private boolean early;

            @Override
            public void start() {
                Tally.begin();
                super.start();
            }

            @Override
            protected Long convert(Long number) {
                given++;
                return number;
            }

            @Override
            public InputStatus pollNext(ReaderOutput<Long> output) {
                for (int i = 0; i < BATCH; i++) {
                    early = untilDue() > 0;
                    if (early) return InputStatus.NOTHING_AVAILABLE;
                    InputStatus status = super.pollNext(output);
                    if (status != InputStatus.MORE_AVAILABLE) return status;
                }
                return InputStatus.MORE_AVAILABLE;
            }

            @Override
            public CompletableFuture<Void> isAvailable() {
                if (!early) return super.isAvailable();
                Executor due = CompletableFuture.delayedExecutor(untilDue(), TimeUnit.NANOSECONDS, Runnable::run);
                return CompletableFuture.runAsync(() -> {}, due);
            }

            private long untilDue() {
                return given < fast ? 0 : dueAt(given, fast, perSecond) - System.nanoTime();
            }
        };
    }
}
