import Foundation
import Glibc
import Testing

@testable import HostSystem

@Suite struct StandardStreamTests {
  init() { signal(SIGPIPE, SIG_IGN) }

  private func outcome(_ descriptor: Int32) -> String {
    do throws(StandardStream.Failure) {
      try StandardStream.write(Array("a line\n".utf8), to: descriptor)
      return "written"
    } catch { return "\(error)" }
  }

  @Test("a pipe takes it, and once its reader has gone that is all that is said")
  func pipes() {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    #expect(outcome(ends[1]) == "written")
    close(ends[0])
    #expect(throws: StandardStream.Failure.readerIsGone) { try StandardStream.write([1], to: ends[1]) }
    close(ends[1])
  }

  @Test("a full device is said to be full")
  func fullDevice() {
    let full = open("/dev/full", O_WRONLY)
    #expect(outcome(full) == "cannot write the output: the disk is full")
    close(full)
  }

  @Test("what is open for reading only stands for a closed output")
  func closed() {
    let null = open("/dev/null", O_RDONLY)
    #expect(outcome(null).contains("it is closed"))
    close(null)
  }

  @Test("more than a pipe holds is written whole, also where the descriptor does not wait")
  func slowReader() async {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (input, output) = (ends[0], ends[1])
    _ = fcntl(output, F_SETFL, O_NONBLOCK)
    let octets = [UInt8](repeating: 7, count: 300_000)
    async let read = withCheckedContinuation { done in
      // A thread of its own: both ends wait for each other, which tasks must not.
      Thread.detachNewThread {
        var (count, chunk) = (0, [UInt8](repeating: 0, count: 65536))
        while case let got = Glibc.read(input, &chunk, chunk.count), got > 0 { count += got }
        done.resume(returning: count)
      }
    }
    #expect(throws: Never.self) { try StandardStream.write(octets, to: output) }
    close(output)
    #expect(await read == octets.count)
    close(input)
  }
}
