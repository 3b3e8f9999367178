package weir.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/** What one job saw: when its source was first read, when its last sink closed, and its figures. All tasks share one JVM. */
final class Tally {
    private static final AtomicLong BEGIN = new AtomicLong(Long.MAX_VALUE);
    private static final AtomicLong END = new AtomicLong();
    private static final Map<String, Long> FIGURES = new TreeMap<>();
    private static final Map<String, long[]> LISTS = new TreeMap<>();

    private Tally() {}

    static void reset() {
        BEGIN.set(Long.MAX_VALUE);
        END.set(0);
        synchronized (FIGURES) {
            FIGURES.clear();
            LISTS.clear();
        }
    }

    /** Starts the clock, at the first call since reset. */
    static void begin() {
        long now = System.nanoTime();
        BEGIN.accumulateAndGet(now, Math::min);
    }

    /** Nanoseconds, of System.nanoTime. */
    static long begun() {
        return BEGIN.get();
    }

    static void end() {
        long now = System.nanoTime();
        END.accumulateAndGet(now, Math::max);
    }

    static void add(String figure, long value) {
        synchronized (FIGURES) {
            FIGURES.merge(figure, value, Long::sum);
        }
    }

    /** Lists of all subtasks are joined. */
    static void list(String figure, long[] values) {
        synchronized (FIGURES) {
            LISTS.merge(figure, values, (a, b) -> LongStream.concat(LongStream.of(a), LongStream.of(b)).toArray());
        }
    }

    static String json() {
        StringBuilder text = new StringBuilder("{\"seconds\": ").append((END.get() - BEGIN.get()) / 1e9);
        synchronized (FIGURES) {
            FIGURES.forEach((figure, value) -> text.append(", \"").append(figure).append("\": ").append(value));
            LISTS.forEach(
                    (figure, values) -> text.append(", \"").append(figure).append("\": ").append(Arrays.toString(values)));
        }
        return text.append('}').toString();
    }
}
