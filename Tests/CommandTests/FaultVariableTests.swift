import StrictYAML
import Testing
import sluice

@Suite struct FaultVariableTests {
    @Test func `in class test a fault may be named`() throws {
        let fixture = try ConfigurationFixture()
        #expect(try fixture.load().faults == nil)
        #expect(try fixture.load(["SLUICE_FAULT": "kill@call_ended:1"]).faults != nil)
    }

    @Test(arguments: ["", "kill", "kill@nowhere:1"])
    func `a fault that does not exist is refused, with those that do`(_ text: String) throws {
        let fixture = try ConfigurationFixture()
        let error = #expect(throws: ConfigurationError.self) { try fixture.load(["SLUICE_FAULT": text]) }
        #expect(error?.mend.contains("intent_committed") == true)
    }

    @Test(arguments: ["kill@call_ended:1", ""])
    func `in class production the variable is refused, whatever it says`(_ text: String) throws {
        let fixture = try ConfigurationFixture()
        let variables = ["SLUICE_FAULT": text, "SLUICE_ENVIRONMENT_CLASS": "production"]
        let error = #expect(throws: ConfigurationError.self) { try fixture.load(variables) }
        #expect(error?.what.contains("R13") == true)
    }
}
