/// Why the simulator cannot start or go on.
///
/// The description says what happened and what to do, and holds no secret, account number or name.
package struct SimulatorError: Error, Equatable, CustomStringConvertible {
    package let code: Code
    package let description: String

    package enum Code: Sendable {
        /// A configuration or channel file says something that cannot be used.
        case configuration
        /// The truth file cannot be read, written or locked.
        case truthFile
        /// A socket or thread could not be had.
        case system
    }

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
