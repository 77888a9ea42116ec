import Foundation
import Hummingbird
import NIOCore

// The paths for monitors and tools.
extension ControlServer {
  static func addMonitoring(to router: Router<ControlContext>, _ service: any ControlService) {
    // Any answer shows that the relay is alive.
    router.get("\(MonitoringPath.alive)") { _, _ in text(.ok, "ok\n") }
    router.get("\(MonitoringPath.ready)") { _, _ in
      let obstacles = await service.obstacles()
      if obstacles.isEmpty { return text(.ok, "ready\n") }
      let problem = ControlProblem(obstacles.joined(separator: "; "))
      return response(.serviceUnavailable, try ControlJSON.encode(problem))
    }
    router.get("\(MonitoringPath.metrics)") { _, _ in
      do {
        return text(.ok, try await service.metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
      } catch {
        return response(.internalServerError, try ControlJSON.encode(ControlProblem(unexpected: error)))
      }
    }
    router.get("\(MonitoringPath.description)") { _, _ in response(.ok, try APIDescription.json()) }
  }

  private static func text(
    _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
