import ChannelKit
import PaymentCore
import Testing

@Suite struct TradeZoneTests {
    @Test(
        arguments: [
            ("UTC", "1969-12-31", -1), ("UTC", "1970-01-01", 0), ("Asia/Shanghai", "1970-01-01", 57_599_999_999),
            ("Asia/Shanghai", "1970-01-02", 57_600_000_000), ("America/New_York", "1969-12-31", 0),
        ] as [(String, String, Int64)]
    )
    func `an instant belongs to the day of the zone`(zone: String, day: String, microseconds: Int64) throws {
        let zone = try #require(TradeZone(identifier: zone))
        #expect(zone.date(at: Timestamp(unixMicroseconds: microseconds)).description == day)
    }

    /// Among them clocks put forward at midnight (Santiago, Beirut), back at midnight (Havana) and a day that a zone
    /// left out (Apia).
    @Test(
        arguments: [
            "UTC", "Asia/Shanghai", "America/New_York", "America/Santiago", "Asia/Beirut", "America/Havana",
            "Pacific/Apia", "Pacific/Kiritimati", "Australia/Lord_Howe",
        ])
    func `a day ends where the next one begins, every day of twenty years`(identifier: String) throws {
        let zone = try #require(TradeZone(identifier: identifier))
        let skipped = BusinessDate(year: 2011, month: 12, day: 30)
        var day = try #require(BusinessDate(year: 2010, month: 1, day: 1))
        for _ in 0..<7_305 {
            let end = zone.end(of: day)
            #expect(zone.date(at: end) > day)
            if !(identifier == "Pacific/Apia" && day == skipped) {
                #expect(zone.date(at: Timestamp(unixMicroseconds: end.unixMicroseconds - 1)) == day)
            }
            day = day.advanced(byDays: 1)
        }
    }

    @Test(arguments: ["", "CST", "EST", "GMT+8", "Asia/Nowhere", "asia shanghai"])
    func `a name that is no zone of the database is refused`(identifier: String) {
        #expect(TradeZone(identifier: identifier) == nil)
    }
}
