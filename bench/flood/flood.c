/*
 * Sends datagrams at an even pace: JUNK that means nothing to whisper, and among it, evenly spread,
 * REGISTERS for calls with the ids FIRST_ID up to FIRST_ID + IDS - 1, in turn.
 *
 * Usage: flood PORT JUNK REGISTERS FIRST_ID IDS MILLISECONDS
 * Prints how many datagrams the kernel took and how many milliseconds that needed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { burst_interval_ns = 500000, longest_burst = 1024, longest_datagram = 1400, kinds = 6 };

static uint32_t random_state = 1;

static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static size_t random_bytes(uint8_t * into, size_t count) {
    for (size_t i = 0; i < count; ++i) into[i] = (uint8_t)next_random();
    return count;
}

static size_t text(uint8_t * into, const char * format, uint32_t number) {
    return (size_t)snprintf((char *)into, longest_datagram, format, number);
}

/* What reaches a wrong port in practice, and what looks nearly right. */
static size_t make_junk(uint8_t * into) {
    switch (next_random() % kinds) {
        case 0: /* an RTP packet with 20 ms of G.711 */
            into[0] = 0x80;
            into[1] = 0x00;
            return 2 + random_bytes(into + 2, 170);
        case 1: return text(into, "REGISTER:%u99999", next_random());
        case 2: return text(into, "HELLO:%u", next_random() % 1000);
        case 3: return text(into, "register:%u", next_random() % 1000);
        case 4: return random_bytes(into, 1 + next_random() % 255);
        default: return next_random() % 8 == 0 ? random_bytes(into, longest_datagram) : 0;
    }
}

static int open_socket(const char * port) {
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        perror("flood");
        exit(1);
    }
    return fd;
}

struct plan {
    int64_t total;
    int64_t registers;
    uint32_t first_id;
    uint32_t ids;
    int64_t made;
    int64_t registers_made;
};

/* Register n goes out when its share of all datagrams is due. */
static size_t make_next(struct plan * plan, uint8_t * into) {
    plan->made += 1;
    if (plan->registers_made * plan->total >= plan->made * plan->registers) return make_junk(into);
    const uint32_t id = plan->first_id + (uint32_t)(plan->registers_made % plan->ids);
    plan->registers_made += 1;
    return text(into, "REGISTER:%u", id);
}

static int64_t send_burst(int fd, struct plan * plan, int64_t count) {
    static uint8_t bytes[longest_burst][longest_datagram];
    struct mmsghdr messages[longest_burst];
    struct iovec parts[longest_burst];
    memset(messages, 0, sizeof messages);
    for (int64_t i = 0; i < count; ++i) {
        parts[i].iov_base = bytes[i];
        parts[i].iov_len = make_next(plan, bytes[i]);
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int64_t sent = 0;
    while (sent < count) {
        const int taken = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);
        if (taken <= 0) break;
        sent += taken;
    }
    return sent;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int main(int argc, char ** argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: flood PORT JUNK REGISTERS FIRST_ID IDS MILLISECONDS\n");
        return 2;
    }
    const int fd = open_socket(argv[1]);
    struct plan plan = {
        .total = atoll(argv[2]) + atoll(argv[3]),
        .registers = atoll(argv[3]),
        .first_id = (uint32_t)atoi(argv[4]),
        .ids = (uint32_t)atoi(argv[5]),
    };
    const int64_t duration_ns = atoll(argv[6]) * 1000000;
    const int64_t start_ns = now_ns();
    int64_t sent = 0;
    while (plan.made < plan.total) {
        const int64_t elapsed_ns = smaller(now_ns() - start_ns, duration_ns);
        const int64_t due = plan.total * elapsed_ns / duration_ns - plan.made;
        sent += send_burst(fd, &plan, smaller(due, longest_burst));
        if (due >= longest_burst) continue;
        const struct timespec pause = {0, burst_interval_ns};
        nanosleep(&pause, NULL);
    }
    printf("%lld %lld\n", (long long)sent, (long long)((now_ns() - start_ns) / 1000000));
    return 0;
}
