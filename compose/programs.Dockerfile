# HAProxy, nginx and Caddy (and tc and iptables, for faults) from Debian's packages, for machines that
# reach no image registry: compose/build.sh --programs. Elsewhere their official images do as well.
ARG BASE_IMAGE=debian:bookworm-slim
FROM ${BASE_IMAGE}
LABEL sessionlab.image="programs"
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends \
        haproxy nginx-light caddy iproute2 iptables wget \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && mkdir /var/log/nginx && ln -s /dev/stderr /var/log/nginx/error.log \
    && echo 'lab:x:10001:10001:sessionlab:/tmp:/usr/sbin/nologin' >>/etc/passwd \
    && echo 'lab:x:10001:' >>/etc/group
USER 10001:10001
WORKDIR /tmp
