package import PaymentCore

/// Judges one channel: its specification against the active one, and whether it can be reached.
package enum ChannelCheck {
    /// What is known of a channel from both sides.
    package struct Sides: Sendable {
        package let name: ChannelName
        /// The hash of the file's bytes; nil without a file.
        package let configured: [UInt8]?
        /// The hash that is activated; nil if none is.
        package let active: [UInt8]?
        package let isRunning: Bool
        /// As the specification has them, for people.
        package let deadlines: String

        package init(name: ChannelName, configured: [UInt8]?, active: [UInt8]?, isRunning: Bool, deadlines: String) {
            (self.name, self.configured, self.active) = (name, configured, active)
            (self.isRunning, self.deadlines) = (isRunning, deadlines)
        }
    }

    /// What is not worked on may be out of order.
    package static func specification(_ sides: Sides) -> Finding {
        let name = sides.name.value
        switch (sides.configured, sides.active) {
        case (_, nil):
            return .warn(
                .specification,
                of: name,
                "not activated, so it gets no work",
                mend: "run: sluice channel activate \(name)"
            )
        case (nil, _?):
            guard sides.isRunning else { return .ok(.specification, of: name, "paused, and not configured here") }
            return .fail(
                .specification,
                of: name,
                "activated, but its file is not here, so nobody here works on it",
                mend: "restore \(name).yaml, or run: sluice channel pause \(name)"
            )
        case (let configured?, let active?):
            guard configured != active else {
                return .ok(.specification, of: name, "\(sides.isRunning ? "active" : "paused"), \(sides.deadlines)")
            }
            let found = "another version than the file's is active, so nobody here works on it"
            let mend = "run: sluice channel activate \(name), or bring this host the active file"
            return sides.isRunning
                ? .fail(.specification, of: name, found, mend: mend)
                : .warn(.specification, of: name, found, mend: mend)
        }
    }

    /// `problem`: why address and secret cannot be followed.
    package static func secret(_ name: ChannelName, problem: String?, isActive: Bool) -> Finding {
        guard let problem else { return .ok(.secret, of: name.value, "address and secret can be followed") }
        let mend = "give this user what the specification refers to"
        return isActive
            ? .fail(.secret, of: name.value, problem, mend: mend) : .warn(.secret, of: name.value, problem, mend: mend)
    }

    private static let (daysWarned, daysMin): (Int64, Int64) = (14, 2)

    /// A connection without a request: nothing that a channel could take for business.
    ///
    /// Orders wait for a channel that is running, so that one that cannot be reached fails. `problem`: why it was not;
    /// `certificateExpiresAt`: in seconds since 1970, nil without TLS.
    package static func reach(
        _ name: ChannelName,
        problem: String?,
        certificateExpiresAt expiry: Int64?,
        isRunning: Bool,
        now: Timestamp
    ) -> [Finding] {
        if let problem {
            let mend = "check its address, the firewall, and its certificate against the trusted authorities"
            return [
                isRunning
                    ? .fail(.reach, of: name.value, problem, mend: mend)
                    : .warn(.reach, of: name.value, problem, mend: mend)
            ]
        }
        guard let expiry else { return [.ok(.reach, of: name.value, "reached, without TLS")] }
        return [.ok(.reach, of: name.value, "reached"), certificate(name, expiry: expiry, now: now)]
    }

    private static func certificate(_ name: ChannelName, expiry: Int64, now: Timestamp) -> Finding {
        let days = (expiry - now.unixMicroseconds / 1_000_000) / 86_400
        let found = "its certificates are valid for \(days) days"
        let mend = "ask the channel for its next certificate; without one nothing is sent"
        if days < daysMin { return .fail(.certificate, of: name.value, found, mend: mend) }
        if days < daysWarned { return .warn(.certificate, of: name.value, found, mend: mend) }
        return .ok(.certificate, of: name.value, found)
    }
}
