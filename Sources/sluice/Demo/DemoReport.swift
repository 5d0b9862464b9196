import PaymentCore

/// What the demo found, for people and for machines.
struct DemoReport: Sendable {
    let funnels: [DemoBooks.Funnel]
    let reasons: [[DemoBooks.Reason]]
    let channels: [DemoBooks.Channel]
    let waiting: [DemoBooks.Waiting]
    let findings: DemoProof.Findings
    /// Records that quarantine took for another reason than planted, missed, or took without one.
    let misplaced: Int
    /// Open orders that nothing and nobody looks after.
    let forgotten: Int64
    /// How many sessions of the engine the server saw at once.
    let sessionsMax: Int64
    /// From the first byte queued to the last result file.
    let chainDuration: Duration
    /// Where the time went, if that was counted.
    let profile: DemoProfile?
    let databaseURL: String
    let duration: Duration

    var totalsHold: Bool { funnels.allSatisfy(\.holds) }
    var isClean: Bool { totalsHold && findings.isClean && misplaced == 0 && forgotten == 0 }

    var text: String {
        var lines: [String] = []
        for (funnel, reasons) in zip(funnels, reasons) {
            lines.append("Batch \(funnel.batch), \(funnel.direction.rawValue)")
            lines.append(Self.row("records", funnel.records, funnel.recordsMinor))
            lines.append(Self.row("├ quarantined", funnel.quarantined, funnel.quarantinedMinor))
            lines.append(Self.row("└ orders", funnel.orders, funnel.ordersMinor))
            lines.append(Self.row("  ├ succeeded", funnel.succeeded, funnel.succeededMinor))
            lines.append(Self.row("  ├ failed", funnel.failed, funnel.failedMinor))
            lines.append(Self.row("  └ open", funnel.open, funnel.openMinor) + "  (\(funnel.unknown) unknown)")
            lines.append("  quarantine by reason, with the first example:")
            for reason in reasons {
                lines.append(
                    "    \(Self.padded(reason.code, 28))\(Self.leading(String(reason.count), 6))   line "
                        + "\(reason.line): \(reason.maskedValue)"
                )
            }
            lines.append("")
        }
        lines.append("Channels            calls   unknown  not sent     median        p99")
        for channel in channels {
            lines.append(
                "  " + Self.padded("\(channel.name) \(channel.kind)", 16) + Self.leading(String(channel.calls), 7)
                    + Self.leading(String(channel.unknown), 10) + Self.leading(String(channel.notSent), 10)
                    + Self.leading(Self.milliseconds(channel.medianMicroseconds), 11)
                    + Self.leading(Self.milliseconds(channel.p99Microseconds), 11)
            )
        }
        lines.append("")
        lines.append(
            waiting.isEmpty ? "Nothing waits for a person in review." : "Waiting for a person (sluice review list):"
        )
        for incident in waiting {
            lines.append("  \(Self.padded(incident.incident, 48))\(Self.leading(String(incident.items), 6)) items")
        }
        lines.append("")
        lines.append("Proof: the companies' books against ours, line by line")
        lines.append("  paid twice                         \(findings.paidTwice)")
        lines.append("  paid, but failed here              \(findings.paidButNotSucceeded)")
        lines.append("  succeeded here, but not paid       \(findings.succeededButNotPaid)")
        lines.append("  paid wrongly (account, amount)     \(findings.paidWrongly)")
        lines.append("  paid without an order              \(findings.paidWithoutOrder)")
        lines.append("  query and send at once             \(findings.overlaps)")
        lines.append(
            "  paid, unknown here                 \(findings.paidButUnknown) (without review item: "
                + "\(findings.paidButUnknownWithoutReview))"
        )
        lines.append("  bad records not set aside rightly  \(misplaced)")
        lines.append("  open orders nobody looks after     \(forgotten)")
        lines.append("  totals hold                        \(totalsHold ? "yes" : "NO")")
        lines.append("")
        if let profile { lines.append(profile.text) }
        lines.append(
            "From the first byte queued to the last result file: \(Self.seconds(chainDuration)) s, "
                + "\(ordersPerSecond) orders/s"
        )
        lines.append(isClean ? "Every check holds (\(seconds) s)." : "SOME CHECK DOES NOT HOLD (\(seconds) s).")
        return lines.joined(separator: "\n") + "\n"
    }

    /// One object; amounts in minor units.
    var json: String {
        let batches = funnels.map { funnel in
            """
            {"batch_id":\(funnel.batch),"direction":"\(funnel.direction.rawValue)","records":\(funnel.records),\
            "orders":\(funnel.orders),"quarantined":\(funnel.quarantined),"succeeded":\(funnel.succeeded),\
            "failed":\(funnel.failed),"unknown":\(funnel.unknown),"amount_minor":\(funnel.recordsMinor)}
            """
        }
        let channels = channels.map { channel in
            """
            {"channel":"\(channel.name)","kind":"\(channel.kind)","calls":\(channel.calls),\
            "unknown":\(channel.unknown),\
            "not_sent":\(channel.notSent),"median_us":\(channel.medianMicroseconds),"p99_us":\(channel.p99Microseconds)}
            """
        }
        return """
            {"batches":[\(batches.joined(separator: ","))],"channels":[\(channels.joined(separator: ","))],\
            "totals_hold":\(totalsHold),"paid_twice":\(findings.paidTwice),\
            "paid_but_not_succeeded":\(findings.paidButNotSucceeded),\
            "succeeded_but_not_paid":\(findings.succeededButNotPaid),\
            "paid_but_unknown":\(findings.paidButUnknown),\
            "paid_but_unknown_without_review":\(findings.paidButUnknownWithoutReview),\
            "paid_wrongly":\(findings.paidWrongly),\
            "paid_without_order":\(findings.paidWithoutOrder),"query_send_overlaps":\(findings.overlaps),\
            "quarantine_misplaced":\(misplaced),"orders_forgotten":\(forgotten),\
            "sessions_max":\(sessionsMax),"chain_seconds":\(Self.seconds(chainDuration)),\
            "orders_per_second":\(ordersPerSecond),"profile":\(profile?.json ?? "null"),\
            "database_url":"\(databaseURL)","seconds":\(seconds)}

            """
    }

    private var ordersPerSecond: Int64 {
        let milliseconds =
            chainDuration.components.seconds * 1_000 + chainDuration.components.attoseconds / 1_000_000_000_000_000
        return funnels.map(\.orders).reduce(0, +) * 1_000 / max(1, milliseconds)
    }

    private var seconds: String { Self.seconds(duration) }

    /// Seconds with one decimal.
    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func row(_ title: String, _ count: Int64, _ minor: Int128) -> String {
        let amount = Int64(clamping: minor)
        let money = Money(minor: amount, currency: .cny).description
        return "  \(padded(title, 18))\(leading(String(count), 9))\(leading(money, 26))"
    }

    private static func milliseconds(_ microseconds: Int64) -> String {
        "\(microseconds / 1_000).\(microseconds / 100 % 10) ms"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func leading(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
