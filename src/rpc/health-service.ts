import { type ServerWritableStream, status } from '@grpc/grpc-js';

import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  type HealthServer,
} from '../../gen/ts/grpc/health/v1/health.js';

/** grpc.health.v1.Health of a server whose services serve until all of them stop. */
export class HealthService {
  private state = ServingStatus.SERVING;
  private readonly watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>();

  /** @param serviceNames Full names of the services that it tells of; the empty name stands for the server. */
  constructor(private readonly serviceNames: ReadonlySet<string>) {}

  /** What grpc-js calls. */
  readonly handlers: HealthServer = {
    check: ({ request: { service } }, callback) => {
      if (this.serviceNames.has(service)) callback(null, { status: this.state });
      else callback({ code: status.NOT_FOUND, details: `This server does not know the service ${service}.` });
    },
    list: (_call, callback) => {
      callback(null, { statuses: Object.fromEntries([...this.serviceNames].map((name) => [name, { status: this.state }])) });
    },
    watch: (call) => {
      const isKnown = this.serviceNames.has(call.request.service);
      call.write({ status: isKnown ? this.state : ServingStatus.SERVICE_UNKNOWN });
      if (!isKnown) return;
      this.watchers.add(call);
      call.once('cancelled', () => this.watchers.delete(call));
    },
  };

  /** Tells from now on, and whoever watches, that nothing is served any more. */
  stop(): void {
    this.state = ServingStatus.NOT_SERVING;
    this.watchers.forEach((watcher) => watcher.write({ status: this.state }));
    this.watchers.clear();
  }
}
