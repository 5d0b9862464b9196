import PaymentCore
import Testing

@Suite struct PersonalLookTests {
    @Test(arguments: [
        "A-2", "P1", "20260105000001", "202611210000000123", "20261121-000001-4", "PAY20261121093000123456", "E2E-0001",
        "WD/2026/11/000123", "000001", "17634567890123", "1763456789", "12012345678", "INV_2026.11.0001#3",
        "261121000000001",
        "PO-4500-0001-2026-0001", "c0ffee00-0000-4000-8000-000000000001", "2612112026112102", "0000000000000000",
    ])
    func `a merchant's number for an order stays legible`(number: String) {
        #expect(PersonalLook(number) == nil)
        #expect(Masked.orderNumber(number) == number)
    }

    @Test(arguments: [
        ("110101199003074514", "110101********4514"), ("11010119900307451X", "110101********451X"),
        ("110101900307451", "110101*****7451"), ("6222021234567890124", "622202*********0124"),
        ("6228480040106028108", "622848*********8108"), ("P6228480040106028109", "P62284**********8109"),
        ("5500000000000004", "550000******0004"), ("2221000000000009", "222100******0009"),
        ("6228-4800-4010-6028-109", "6228-4*************-109"), ("DE89370400440532013000", "DE8937************3000"),
        ("de89370400440532013000", "de8937************3000"), ("9558801234567890123", "955880*********0123"),
    ])
    func `a card, an IBAN or an identity number is shown as an account is`(number: String, shown: String) {
        #expect(PersonalLook(number) == .accountNumber)
        #expect(Masked.orderNumber(number) == shown)
    }

    @Test(arguments: [
        "13800138000", "8613800138000", "A-13800138000", "138-0013-8000", "张三丰", "李四", "a@b.cn",
        "Zhang San", "ZhangSan",
        "A5 6228480040106028109x", "张三 6228480040106028108", "Ｐ1", "P1 ", "P\u{200B}1", "P\u{A0}1", "x", "\u{1B}[2J1",
    ])
    func `a name, an address or a mobile number is starred`(number: String) {
        #expect(PersonalLook(number) == .nameOrContact)
        #expect(Masked.orderNumber(number).allSatisfy { $0 == "*" })
    }

    @Test(arguments: [
        "Zhang Sanfeng Li", "13800138000 Zhang San", "ABCDEFGHIJKLMNOP", "A5 6228480040106028109x",
        "Zhang-Sanfeng-Li-1",
    ])
    func `words in the column of accounts are starred as a whole`(value: String) {
        #expect(Masked.account(value).allSatisfy { $0 == "*" })
    }

    @Test func `an account number in groups keeps its ends`() {
        #expect(Masked.account("6228 4800 4010 6028 109") == "6228 4************* 109")
        #expect(Masked.account("GB29NWBK60161331926819") == "GB29NW************6819")
    }
}
