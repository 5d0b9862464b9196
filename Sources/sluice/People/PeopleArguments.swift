import ArgumentParser
import Cryptography
import PaymentCore
import Store

extension LoginName: ExpressibleByArgument {
    /// Reads a login.
    package init?(argument: String) { self.init(argument) }
}

extension StaffNumber: ExpressibleByArgument {
    /// Reads a staff number, in capitals or not.
    package init?(argument: String) { self.init(argument) }
}

extension PeopleRole: ExpressibleByArgument {}

extension LoginRefusal {
    /// What the person who was not let in is told.
    func failure(_ login: LoginName) -> CommandFailure {
        switch self {
        case .wrongPassword:
            CommandFailure("login or password are wrong", mend: "try again; after some failures \(login) is locked")
        case .lockedOut:
            CommandFailure(
                "\(login) is locked: too many wrong passwords",
                mend: "wait, or ask another administrator: sluice user unlock \(login)"
            )
        case .disabled:
            CommandFailure("\(login) is disabled", mend: "ask an administrator: sluice user enable \(login)")
        }
    }
}

extension Password {
    /// A new one-time password and its text.
    static func drawn() -> (password: Password, text: String) {
        oneTime(random: SecureRandom.bytes(oneTimeByteCount))
    }
}
