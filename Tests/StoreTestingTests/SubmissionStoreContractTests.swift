import PaymentCore
import Store
import StoreTesting
import Testing

struct `The contract of submission stores` {
    @Test(arguments: SubmissionStoreContract.cases)
    func `holds for the store in memory`(_ contractCase: SubmissionStoreContract.Case) async {
        await #expect(throws: Never.self) { try await contractCase.run(InMemoryHarness()) }
    }

    @Test func `has a name of its own for each case`() {
        let names = SubmissionStoreContract.cases.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count >= 35)
    }

    @Test(arguments: SpoiledStore.Defect.allCases)
    func `catches a defective store`(_ defect: SpoiledStore.Defect) async {
        var broken: [String] = []
        for contractCase in SubmissionStoreContract.cases {
            do {
                try await contractCase.run(InMemoryHarness { SpoiledStore(inner: $0, defect: defect) })
            } catch let failure as ContractFailure {
                #expect(failure.caseName == contractCase.name)
                #expect(failure.description.contains(failure.what))
                broken.append(contractCase.name)
            } catch {
                Issue.record("\(contractCase.name): an error that is not the contract's: \(error)")
            }
        }
        #expect(broken.contains(defect.caseThatMustCatchIt), "caught by: \(broken)")
    }
}
