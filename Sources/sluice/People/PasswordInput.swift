import Foundation
import Glibc
import PaymentCore

/// Where passwords are typed: a terminal, which does not show them, or standard input, a line each.
struct PasswordInput: ~Copyable {
    private let isTerminal = isatty(STDIN_FILENO) == 1
    private static let bytesMax = Password.bytesMax

    /// A password that somebody has.
    func ask(_ prompt: String) throws -> Password {
        guard let password = Password(typed: try text(prompt)) else {
            throw CommandFailure(
                "no password was given",
                mend: "type it, or give it as a line of standard input",
                status: .configuration
            )
        }
        return password
    }

    /// A password that somebody chooses; on a terminal typed twice.
    func choose(besides old: Password) throws -> Password {
        let text = try text("New password, at least \(Password.charactersMin) characters: ")
        guard let password = Password(chosen: text) else {
            throw CommandFailure(
                "the new password is too short, too long, or holds control characters",
                mend: "choose at least \(Password.charactersMin) characters, such as four words",
                status: .configuration
            )
        }
        guard password != old else {
            throw CommandFailure("the new password is the old one", mend: "choose another", status: .configuration)
        }
        if isTerminal, try self.text("The same again: ") != text {
            throw CommandFailure("the two are not the same", mend: "try again", status: .configuration)
        }
        return password
    }

    /// One line, composed, so that it does not matter how a keyboard makes its accents.
    private func text(_ prompt: String) throws -> String {
        if isTerminal { try Terminal.write(Array(prompt.utf8), to: .error) }
        let line = isTerminal ? try Self.hidden() : Self.line()
        guard let text = String(validating: line, as: UTF8.self) else {
            throw CommandFailure("what was typed is no UTF-8", mend: "type it again", status: .configuration)
        }
        return text.precomposedStringWithCanonicalMapping
    }

    /// Byte by byte: what follows the line stays for the next one.
    private static func line() -> [UInt8] {
        var line: [UInt8] = []
        while let byte = byte(), byte != 0x0A {
            if line.count <= bytesMax { line.append(byte) }
        }
        if line.last == 0x0D { line.removeLast() }
        return line
    }

    /// A line that the terminal does not show; its keys are ours meanwhile, so that it is put right whatever is typed.
    private static func hidden() throws -> [UInt8] {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else {
            throw CommandFailure("the terminal cannot be kept from showing a password", mend: "use another terminal")
        }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            try? Terminal.line("", to: .error)
        }
        var line: [UInt8] = []
        while let byte = byte() {
            switch byte {
            case 0x0A, 0x0D: return line
            // Ctrl-C, Ctrl-D, Ctrl-\, Ctrl-Z.
            case 0x03, 0x04, 0x1A, 0x1C: throw CancellationError()
            case 0x15: line = []
            case 0x08, 0x7F:
                while let last = line.popLast(), last & 0xC0 == 0x80 {}
            default: if line.count <= bytesMax { line.append(byte) }
            }
        }
        return line
    }

    private static func byte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1 ? byte : nil
        }
    }
}
