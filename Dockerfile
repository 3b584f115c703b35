# Parlour in a container.
#
#   docker build -t parlour .
#   docker run -p 8080:8080 -v parlour:/data -e JWT_SECRET="$(openssl rand -hex 32)" parlour
#
# It doesn't start without a key to check tokens with: the secret as above, or a file with the secret, a
# public key or a JWKS, mounted and named by its option (see config.toml). All else has a default.
# The root file system may be read-only: only /data is written.
#
# The ready-made policies are in /usr/local/share/parlour/flags. With that of a system whose clients have a port of
# their own:
#
#   docker run -p 8080:8080 -p 4000:4000 -v parlour:/data -e JWT_SECRET=... parlour run --listen 0.0.0.0:8080 \
#     --data /data --flagfile /usr/local/share/parlour/flags/gateway.flags

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# `--build-arg FEATURES=s3`: files in a bucket (docs/files.md).
ARG FEATURES=""
RUN cargo build --release --locked --package parlour --bin parlour --features "$FEATURES"

# The same Debian as above, because the binary is linked to its C library.
FROM debian:bookworm-slim
COPY --from=build /src/target/release/parlour /usr/local/bin/parlour
COPY flags /usr/local/share/parlour/flags
# A new volume takes the owner and mode of the folder.
RUN install --directory --owner=10001 --group=10001 --mode=700 /data
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["/usr/local/bin/parlour", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/parlour"]
# Who gives arguments of their own replaces all of these, and has to repeat those that they want.
CMD ["run", "--listen", "0.0.0.0:8080", "--data", "/data"]
