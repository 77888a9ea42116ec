import Testing

@testable import HostSystem

struct ProgramPagesTests {
  @Test(
    "Only what nobody can have written is let go",
    arguments: [
      ("7f00-7f40 r-xp 00001000 08:01 42   /usr/bin/maildedup", 0x7f00..<0x7f40),
      ("7e00-7f00 r--p 00000000 08:01 42   /usr/bin/maildedup", 0x7e00..<0x7f00),
      // Relocations were written there before it became read-only.
      ("7f40-7f80 r--p 00041000 08:01 42   /usr/bin/maildedup", nil),
      ("7f80-7f90 rw-p 00081000 08:01 42   /usr/bin/maildedup", nil),
      ("7f90-7fa0 r-xp 00000000 00:00 0    [vdso]", nil),
      ("7fa0-7fb0 r-xp 00000000 00:00 0", nil),
      ("no line of a map", nil),
    ] as [(String, Range<UInt>?)])
  func unwritten(line: String, region: Range<UInt>?) {
    #expect(ProgramPages.unwritten(line) == region)
  }

  @Test("the process goes on when its pages were let go")
  func theProcessGoesOn() {
    ProgramPages.letGo()
    #expect("still here".uppercased() == "STILL HERE")
  }
}
