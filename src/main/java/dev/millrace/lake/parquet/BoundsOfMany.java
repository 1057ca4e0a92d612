package dev.millrace.lake.parquet;

import java.util.Optional;

/** Gathers the bounds of a page or a chunk from those of its parts; lost once a part has none. */
final class BoundsOfMany {
    private final ValueOrder order;
    private Optional<Bounds> bounds = Optional.empty();
    private boolean isLost;

    BoundsOfMany(ValueOrder order) {
        this.order = order;
    }

    void clear() {
        bounds = Optional.empty();
        isLost = false;
    }

    /**
     * Adds a part.
     *
     * @param values how many it has that are not null; none need no bounds
     * @param part empty where its bounds are not known
     */
    void add(long values, Optional<Bounds> part) {
        if (values == 0 || isLost) {
            return;
        }
        boolean isKnown = order != ValueOrder.NONE
                && part.isPresent()
                && order.isBound(part.get().min())
                && order.isBound(part.get().max());
        if (!isKnown) {
            isLost = true;
            return;
        }
        bounds = Optional.of(
                bounds.map(all -> Bounds.around(all, part.get(), order)).orElseGet(part::get));
    }

    /** Whether some values have no bounds. */
    boolean isLost() {
        return isLost;
    }

    /** Empty where there are no values, or some have no bounds. */
    Optional<Bounds> bounds() {
        return isLost ? Optional.empty() : bounds;
    }
}
