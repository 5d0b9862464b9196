package import PaymentCore

/// Who works here, and who is logged in; decided by the database, which a password never reaches.
package protocol PeopleStore: Sendable {
    /// Opens a session, or tells why not; failures are counted.
    func openSession(_ login: LoginName, password: Password) async throws -> OpenedSession

    /// Gives the login another password, and ends its sessions; answers why not, or nil.
    func changePassword(of login: LoginName, from old: Password, to new: Password) async throws -> LoginRefusal?

    /// Ends the session; false if it had ended.
    func endSession(_ secret: SessionSecret) async throws -> Bool

    /// Whose session it is, nil if it is nobody's any more; does not keep it alive.
    func sessionHolder(_ secret: SessionSecret) async throws -> SessionHolder?

    /// Throws unless whoever the session is of may do it: for what is looked at before anything is done.
    func require(_ action: PeopleAction, of secret: SessionSecret) async throws

    /// Makes a change of people, or proposes it where another administrator has to approve.
    ///
    /// `isDry`: does nothing, and answers what it would; a proposal has no number then.
    func change(
        _ change: PeopleChange,
        by secret: SessionSecret,
        comment: String?,
        isDry: Bool
    ) async throws -> PeopleChangeOutcome

    /// All logins by person, at most `limit`.
    func logins(limit: Int) async throws -> [LoginRow]

    /// The policy that binds.
    func reviewPolicy() async throws -> ReviewPolicy
}

/// Why somebody is not let in.
package enum LoginRefusal: String, Sendable, Hashable, CaseIterable {
    /// Or there is no such login.
    case wrongPassword = "wrong_password"
    /// Too many wrong passwords one after the other.
    case lockedOut = "locked_out"
    case disabled
}

/// What became of the wish to log in.
package enum OpenedSession: Sendable, Hashable {
    case refused(LoginRefusal)
    case opened(SessionSecret, role: PeopleRole, expiresAt: Timestamp)
    /// The password is a one-time one: the session opens nothing, and the password is to be changed.
    case mustChangePassword
}

/// Who is logged in.
package struct SessionHolder: Sendable, Hashable {
    package let login: LoginName
    package let staffNumber: StaffNumber
    package let role: PeopleRole
    /// When it ends if nothing is done.
    package let idleUntil: Timestamp
    package let expiresAt: Timestamp

    package init(
        login: LoginName,
        staffNumber: StaffNumber,
        role: PeopleRole,
        idleUntil: Timestamp,
        expiresAt: Timestamp
    ) {
        (self.login, self.staffNumber, self.role) = (login, staffNumber, role)
        (self.idleUntil, self.expiresAt) = (idleUntil, expiresAt)
    }
}

/// A change of people as an administrator asks for it.
package enum PeopleChange: Sendable, Hashable {
    /// A login, and its person if the staff number is new, with a password that must be changed.
    case add(LoginName, StaffNumber, PeopleRole, Password)
    case role(LoginName, PeopleRole)
    case disable(PeopleTarget)
    case enable(PeopleTarget)
    /// Another password that must be changed.
    case reset(LoginName, Password)
    /// Lets a locked login try again.
    case unlock(LoginName)
}

/// One login, or all of a person.
package enum PeopleTarget: Sendable, Hashable {
    case login(LoginName)
    case person(StaffNumber)
}

/// What became of a change of people.
package enum PeopleChangeOutcome: Sendable, Hashable {
    /// Made at once: there is one administrator only.
    case applied
    /// Waits for another administrator, as the proposal of this number; nil where it was only looked at.
    case proposed(Int64?)
}

/// A login with its person.
package struct LoginRow: Sendable, Hashable {
    package let login: String
    package let staffNumber: String
    package let role: String
    /// What keeps it from working; nil if nothing does.
    package var hindrance: Hindrance?
    package var lockedUntil: Timestamp?
    /// When a session of it was used last.
    package var lastUsedAt: Timestamp?

    /// Why a login opens nothing now.
    package enum Hindrance: String, Sendable, Hashable {
        case personDisabled = "person disabled"
        case disabled
        case locked
        /// It has a one-time password.
        case mustChange = "one-time password"
    }

    package init(login: String, staffNumber: String, role: String) {
        (self.login, self.staffNumber, self.role) = (login, staffNumber, role)
    }
}
