/// A JSON value as the simulated company reads it.
///
/// Only integers that fit in 64 bits are numbers to it: an amount with a fraction or an exponent is `.otherNumber`, and
/// no field of the dialect takes that.
enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case otherNumber
    case text(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        let name: String
        let value: JSONValue
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }

    var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The member called `name`, of an object that has it.
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// Whether this is an object with exactly the members `names`, in any order.
    func hasMembers(exactly names: [String]) -> Bool {
        guard case .object(let members) = self, members.count == names.count else { return false }
        return members.allSatisfy { names.contains($0.name) }
    }
}
