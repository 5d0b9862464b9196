import PaymentCore
package import Store

extension OrderStory {
    package var json: JSON {
        [
            "batch_id": .integer(key.batch.value), "line_no": .integer(key.line.value),
            "business_date": .string("\(key.businessDate)"), "merchant": .string(merchant.value),
            "direction": .string(direction.rawValue),
            "merchant_order_no": .string(Masked.orderNumber(merchantOrderNumber)),
            "state": .string(state.rawValue), "cause": .string(cause?.rawValue), "code": .string(code),
            "bank_code": .string(bankCode), "amount_minor": .integer(amountMinor), "currency": .string(currency),
            "account_masked": .string(maskedAccount), "name_masked": .string(maskedName),
            "attempt": .integer(attempt), "submission": .integer(submission?.value), "item": .integer(item),
            "evidence": evidence.map(\.json) ?? .null, "decision": decision.map(\.json) ?? .null,
            "decided_at": .string(decidedAt?.iso8601),
            "archived": .bool(isArchived), "submissions": .array(submissions.map(\.json)),
            "attempts": .array(attempts.map(\.json)), "reviews": .array(reviews.map(\.json)),
            "next_action": nextAction.map {
                ["kind": .string($0.kind.rawValue), "due_at": .string($0.dueAt.iso8601)]
            } ?? .null,
            "planned_from": .string(plannedFrom?.iso8601), "returns": .array(returns.map(\.json)),
        ]
    }

    package var words: String {
        let why = [cause?.rawValue, code].compactMap(\.self).joined(separator: ", ")
        var lines = [
            "Order \(key): \(state.rawValue)\(why.isEmpty ? "" : " (\(Masked.visible(why)))")",
            "  merchant       \(merchant), number \(Masked.orderNumber(merchantOrderNumber))",
            "  direction      \(direction.rawValue)\(isArchived ? ", archived" : "")",
            "  business date  \(key.businessDate)",
            "  amount         \(amountWords(Int128(amountMinor), currency))",
            "  account        \(maskedAccount) \(maskedName)\(bankCode.map { ", bank \(Masked.visible($0))" } ?? "")",
        ]
        if let decidedAt { lines.append("  decided        \(decidedAt.brief)") }
        if let submission, let evidence {
            lines.append("  evidence       submission \(submission), exchange \(evidence.ordinal) of \(evidence.day)")
        }
        if let decision {
            lines.append(
                "  decision       \(decision.number) by \(Masked.visible(decision.person)):"
                    + " \(Masked.visible(decision.evidence, scalarsMax: 2_000))"
                    + "; note: \(Masked.visible(decision.note, scalarsMax: 2_000))"
            )
        }
        if let nextAction { lines.append("  next           \(nextAction.kind.rawValue) at \(nextAction.dueAt.brief)") }
        if let plannedFrom { lines.append("  next           planned anew from \(plannedFrom.brief)") }
        for returned in returns {
            let amount = amountWords(Int128(returned.amountMinor), currency)
            lines.append(
                "  came back      \(amount) on \(returned.returnedAt.brief), \(returned.channel)"
                    + " \(Masked.visible(returned.reference))"
                    + (returned.code.map { " (\(Masked.visible($0)))" } ?? "")
            )
        }
        for submission in submissions { lines.append("\n" + submission.words) }
        if !attempts.isEmpty {
            var table = Table("#attempt", "channel", "#submission", "cause", "code", "ended")
            for ended in attempts {
                table.add(
                    "\(ended.attempt)",
                    ended.channel.value,
                    "\(ended.submission)",
                    ended.cause.rawValue,
                    ended.code,
                    ended.endedAt.brief
                )
            }
            lines.append("\nEnded attempts\n\(table.text())")
        }
        if !reviews.isEmpty {
            var table = Table("opened", "cause", "code", "closed", "incident", "decision")
            for review in reviews {
                table.add(
                    review.openedAt.brief,
                    review.cause,
                    review.code,
                    review.closedAt?.brief ?? "open",
                    review.incident,
                    review.decision
                )
            }
            lines.append("\nReview items\n\(table.text())")
        }
        return lines.joined(separator: "\n")
    }
}

extension OrderStory.Submission {
    var json: JSON {
        [
            "submission": .integer(number.value), "channel": .string(channel.value), "number": .string(channelNumber),
            "phase": .string(state.phase.rawValue), "orders": .integer(orders), "sends": .integer(state.sends),
            "sends_unsent": .integer(state.sendsUnsent), "polls": .integer(state.polls),
            "not_founds": .integer(state.notFounds), "ever_taken": .bool(state.everTaken),
            "in_flight": .string(state.inFlight?.kind.rawValue), "intended_at": .string(intendedAt.iso8601),
            "settled_at": .string(settledAt?.iso8601), "exchanges": .array(exchanges.map(\.json)),
        ]
    }

    var words: String {
        var table = Table("#no", "kind", "at", "outcome", "code", "#http", "#ms", "note")
        for exchange in exchanges {
            table.add(
                "\(exchange.call.ordinal)",
                exchange.kind.rawValue,
                exchange.recordedAt.brief,
                exchange.outcome ?? "under way, or never recorded",
                exchange.headerCode ?? exchange.reason,
                exchange.status.map { "\($0)" },
                exchange.latencyMicroseconds.map { "\($0 / 1_000)" },
                exchange.isLate ? "late: kept as evidence, moved nothing" : nil
            )
        }
        return """
            Submission \(number) on \(channel): \(state.phase.rawValue), number \(Masked.visible(channelNumber)), \
            \(orders) orders, \(state.sends) sends (\(state.sendsUnsent) proven unsent), \(state.polls) polls
            \(table.text())
            """
    }
}

extension OrderStory.Exchange {
    var json: JSON {
        [
            "ordinal": .integer(call.ordinal), "day": .string("\(call.day)"), "kind": .string(kind.rawValue),
            "recorded_at": .string(recordedAt.iso8601), "outcome": .string(outcome), "reason": .string(reason),
            "header_code": .string(headerCode), "http_status": .integer(status), "late": .bool(isLate),
            "latency_us": .integer(latencyMicroseconds),
        ]
    }
}

extension OrderStory.Return {
    var json: JSON {
        [
            "channel": .string(channel.value), "reference": .string(reference), "amount_minor": .integer(amountMinor),
            "code": .string(code), "returned_at": .string(returnedAt.iso8601),
        ]
    }
}

extension OrderStory.EndedAttempt {
    var json: JSON {
        [
            "attempt": .integer(attempt), "channel": .string(channel.value), "submission": .integer(submission.value),
            "cause": .string(cause.rawValue), "code": .string(code), "ended_at": .string(endedAt.iso8601),
        ]
    }
}

extension OrderStory.Decision {
    var json: JSON {
        [
            "decision": .integer(number), "decided": .string(decision), "person": .string(person),
            "evidence": .string(evidence), "note": .string(note), "decided_at": .string(decidedAt.iso8601),
        ]
    }
}

extension OrderStory.Review {
    var json: JSON {
        [
            "incident": .string(incident), "cause": .string(cause), "code": .string(code),
            "opened_at": .string(openedAt.iso8601), "closed_at": .string(closedAt?.iso8601),
            "decision": .string(decision),
        ]
    }
}

extension RecordedCall {
    var json: JSON { ["ordinal": .integer(ordinal), "day": .string("\(day)")] }
}
