/// What a login of a person is there for; it says what its sessions may do.
package enum PeopleRole: String, CaseIterable, Sendable, Hashable {
    case viewer
    case reviewer
    case approver
    /// Keeps the machines at work; decides nothing about money.
    case `operator`
    /// Makes and changes people; decides nothing about money.
    case administrator

    /// What its sessions may do: the same table as `sluice.role_action`, which binds.
    package var actions: Set<PeopleAction> {
        switch self {
        case .viewer: [.look]
        case .reviewer: [.look, .unmask, .amend, .cancel, .propose]
        case .approver: [.look, .unmask, .amend, .cancel, .propose, .approve]
        case .operator: [.look, .operate]
        case .administrator: [.look, .administer]
        }
    }

    /// For people: `a viewer`, `an approver`.
    package var words: String {
        switch self {
        case .viewer, .reviewer: "a \(rawValue)"
        case .approver, .operator, .administrator: "an \(rawValue)"
        }
    }
}

/// What a role allows or not; the raw value is the word of the database's functions.
package enum PeopleAction: String, CaseIterable, Sendable, Hashable {
    /// See masked records, review items and proposals.
    case look
    /// See an account number or a name in the clear, with a reason.
    case unmask
    /// Give a quarantined record other values.
    case amend
    /// Cancel orders that have no intent yet.
    case cancel
    /// Ask for something that another person approves.
    case propose
    /// Approve or decline what another person asked for.
    case approve
    /// Pause and resume lanes, acknowledge alarms, ask for activations.
    case operate
    /// Make and change people.
    case administer

    /// The roles that may do it, for people.
    package var roles: [PeopleRole] { PeopleRole.allCases.filter { $0.actions.contains(self) } }
}
