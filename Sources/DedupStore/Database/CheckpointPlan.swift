/// Decides when pages move from the WAL into the database, and which connection moves them.
///
/// It is a value without a database; the writer's thread asks it after each commit.
struct CheckpointPlan {
  enum Step: Hashable {
    case nothing
    /// Let the other connection copy the pages that are there.
    case copy
    /// The copying is far behind: wait for it, then ask again.
    case wait
    /// Little is left: move it, so that the next commit starts the WAL from the beginning.
    case finish
  }

  private enum State {
    case growing
    case copying
    case copied
  }

  /// The number of frames after which a WAL is long enough.
  private let length: Int
  /// The number of frames at which the next copying begins.
  private var due: Int
  private var state = State.growing

  /// Creates a plan.
  ///
  /// - Parameter length: the length of the WAL in frames, one for each page written.
  init(length: Int) {
    self.length = length
    due = length
  }

  /// Returns the next step.
  ///
  /// - Parameter frames: the number of frames in the WAL after a commit.
  mutating func next(frames: Int) -> Step {
    switch state {
    case .growing where frames >= due:
      state = .copying
      return .copy
    case .growing: return .nothing
    // If the database is written more slowly than the WAL, the WAL would grow forever.
    case .copying: return frames >= due + 3 * length ? .wait : .nothing
    case .copied: return .finish
    }
  }

  /// Records the end of a copying.
  ///
  /// - Parameter frames: the number of frames in the WAL when it failed; nil if it succeeded.
  mutating func copied(failedAt frames: Int? = nil) {
    state = frames == nil ? .copied : .growing
    if let frames { due = frames + length }
  }

  /// Records the end of a `finish` step.
  ///
  /// - Parameter frames: the number of frames still in the WAL, because they are being read or it failed; nil if none.
  mutating func finished(keeping frames: Int?) {
    state = .growing
    due = (frames ?? 0) + length
  }
}
