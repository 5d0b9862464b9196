import BatchFiles
import Pipeline
import Review

extension Deployment {
    /// The reviewers' work on this deployment; judging needs `.keys`, with which layouts and merchants are read.
    var quarantineReview: QuarantineReview {
        let engine = catalogue.engineConfiguration(limits: configuration.limits)
        return QuarantineReview(
            store: store,
            rules: ReviewRules(
                forms: catalogue.formats.mapValues(\.form),
                rules: catalogue.merchants.mapValues(\.rules),
                context: { engine.recordContext(merchant: $0, direction: $1, businessDate: $2) }
            )
        )
    }
}
