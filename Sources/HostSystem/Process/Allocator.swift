import CMalloc

/// How the C library keeps memory.
package enum Allocator {
  /// Has blocks above 128 KiB go back to the system when they are freed. Left to itself, glibc learns from the first
  /// large mail to keep such blocks in its heap, and the process stays as large as at its worst moment (mallopt(3),
  /// M_MMAP_THRESHOLD).
  package static func giveBackLargeBlocks() { _ = mallopt(M_MMAP_THRESHOLD, 128 << 10) }

  /// Has each thread keep up to 1 MiB at the end of its heap when that is free. With the 128 KiB of glibc a few mails at
  /// once make it give memory back and take it again all the time, and each of that interrupts the other cores.
  package static func keepSpareMemory() { _ = mallopt(M_TRIM_THRESHOLD, 1 << 20) }
}
