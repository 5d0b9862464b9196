package import PaymentCore
import Store

/// Who is logged in on this terminal.
package enum SignedIn {
    /// The secret of the session, for functions that resolve who acts; whether it still lives, they say.
    ///
    /// Throws `CommandFailure` where nobody is logged in, or in another environment.
    package static func secret(_ configuration: Configuration) throws -> SessionSecret {
        try session(configuration).secret
    }

    /// The session as its file has it.
    package static func session(_ configuration: Configuration) throws -> SessionFile.Content {
        guard let content = try SessionFile.standard(configuration.variables).read() else {
            throw CommandFailure("nobody is logged in", mend: "run: sluice login LOGIN", status: .configuration)
        }
        guard content.environment == configuration.environment.name else {
            throw CommandFailure(
                "\(content.login) is logged in to \(Masked.visible(content.environment)), not to"
                    + " \(configuration.environment.name)",
                mend: "run: sluice login LOGIN",
                status: .configuration
            )
        }
        return content
    }
}
