import PaymentCore
import Store

/// An alarm as sinks are told of it: one JSON object, the same for webhooks and commands; nothing personal.
enum AlarmPayload {
    private static let messageMax = 4_000

    /// `alarm_id` is unique within the environment, so that a receiver can drop what it has.
    static func text(of alarm: AlarmToDeliver, environment: EnvironmentStamp) -> String {
        let object: JSON = [
            "alarm_id": .integer(alarm.identifier.value),
            "environment": .string(environment.name),
            "class": .string(environment.environmentClass.rawValue),
            "kind": .string(alarm.kind),
            "code": .string(alarm.code),
            "channel": .string(alarm.channel?.value),
            "batch_id": .integer(alarm.batch?.value),
            "message": .string(Masked.visible(alarm.message, scalarsMax: messageMax)),
            "occurrences": .integer(alarm.occurrences),
            "first_at": .string(alarm.firstAt.iso8601),
            "last_at": .string(alarm.lastAt.iso8601),
        ]
        return object.text
    }
}
