/// A deployment that has been at work for longer than two months: live days back to those that are past their age.
package enum AgedDays {
    /// The first of so many days that are older than two months, in SQL.
    package static func first(past days: Int) -> String { "(sluice.archive_cutoff(current_date, 2) - \(days))" }

    /// Makes partitions for so many days past their age, and for all days from there to the oldest live one.
    ///
    /// As the owner of everything; the carry-over must be empty.
    package static func statements(past days: Int) -> String {
        """
        SET LOCAL ROLE sluice_owner;
        DO $$
        DECLARE
            first constant date := \(first(past: days));
            known sluice.live_days;
            heavy sluice.heavy_table;
            part text;
            day date;
        BEGIN
            SELECT * INTO STRICT known FROM sluice.live_days FOR UPDATE;
            FOR heavy IN SELECT * FROM sluice.heavy_table h ORDER BY h.place LOOP
                EXECUTE format('ALTER TABLE sluice.%1$I DETACH PARTITION sluice.%2$I', heavy.table_name,
                    heavy.table_name || '_carry_over');
                FOR day IN SELECT first + n FROM generate_series(0, known.oldest - first - 1) AS n LOOP
                    part := sluice.day_name(heavy.table_name, day);
                    EXECUTE format('CREATE TABLE sluice.%I (LIKE sluice.%I INCLUDING ALL, CONSTRAINT day_bounds
                        CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = %s)', part,
                        heavy.table_name, heavy.day_column, heavy.day_column, day, heavy.day_column, day + 1,
                        heavy.fill_factor);
                    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (%L) TO (%L)',
                        heavy.table_name, part, day, day + 1);
                    IF heavy.is_loaded THEN PERFORM sluice.open_partition_for_load(part); END IF;
                END LOOP;
                EXECUTE format('ALTER TABLE sluice.%1$I ATTACH PARTITION sluice.%2$I FOR VALUES FROM (MINVALUE)
                    TO (%3$L)', heavy.table_name, heavy.table_name || '_carry_over', first);
            END LOOP;
            UPDATE sluice.live_days SET oldest = first;
        END
        $$;
        RESET ROLE;
        """
    }
}
