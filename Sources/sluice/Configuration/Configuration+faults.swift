import PaymentCore
import Pipeline

extension Configuration {
    private static let faultVariable = "SLUICE_FAULT"

    /// Reads what a test wants this process to do to itself; exists in class `test` only (R13).
    static func faults(
        _ variables: [String: String],
        in environmentClass: EnvironmentClass
    ) throws(ConfigurationError) -> FaultPlan? {
        guard let text = variables[faultVariable] else { return nil }
        guard environmentClass == .test else {
            throw ConfigurationError(
                "the environment variable \(faultVariable) injects faults, and this is class production (R13)",
                mend: "remove it"
            )
        }
        guard let plan = FaultPlan(text) else {
            throw ConfigurationError(
                "the environment variable \(faultVariable) names no fault",
                mend: "write kill@POINT:N or stop@POINT:N; points: "
                    + FaultPoint.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return plan
    }
}
