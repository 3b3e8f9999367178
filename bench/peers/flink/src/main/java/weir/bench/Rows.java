package weir.bench;

/** How many rows of JSON there are, and the sum of their hashes. */
final class Rows implements TallySink.Counter<String> {
    private long rows;
    private long checksum;

    @Override
    public void take(String json) {
        rows++;
        checksum += json.hashCode() & 0xffffffffL;
    }

    @Override
    public void leave() {
        Tally.add("rows", rows);
        Tally.add("checksum", checksum);
    }
}
