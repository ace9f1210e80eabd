// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams whose every byte is known in advance, so that what arrives can be
 * checked while it arrives: word n of a stream is a function of n.
 *
 * A sender goes on until SIGTERM, then ends its stream in order. Every
 * program ends with one line of figures; the exit status is 0 only if all
 * that arrived was right.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	65536	/* bytes sent at once, so that frames are large */
#define STALL	300	/* seconds without a byte that end a receiver */

static const char usage[] =
	"usage: stream tcp-send ADDRESS PORT KBYTES-PER-SECOND\n"
	"       stream tcp-recv PORT\n"
	"       stream udp-send ADDRESS PORT KBYTES-PER-SECOND\n"
	"       stream udp-recv PORT\n";

static int terminated;

static int ending(void)
{
	return __atomic_load_n(&terminated, __ATOMIC_RELAXED);
}

static void on_term(int sig)
{
	(void)sig;
	__atomic_store_n(&terminated, 1, __ATOMIC_RELAXED);
}

static int fail(const char *what)
{
	printf("error: %s: %s\n", what, strerror(errno));
	return 1;
}

/* The word at position @n of stream @key. */
static uint64_t word_at(uint64_t key, uint64_t n)
{
	uint64_t x = (n + 1) * 0x9e3779b97f4a7c15ULL + (key << 17);

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ (x >> 32);
}

static uint64_t sum_up(uint64_t sum, uint64_t word)
{
	return (sum ^ word) * 0x100000001b3ULL;
}

static struct sockaddr_in peer(const char *ip, const char *port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
	};

	if (ip && inet_pton(AF_INET, ip, &sin.sin_addr) != 1) {
		printf("error: %s: no IPv4 one\n", ip);
		exit(2);
	}
	return sin;
}

/* Sleeps as long as sending @bytes since @start took less than @rate allows. */
static void pace(const struct timespec *start, uint64_t bytes, unsigned int rate)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = bytes * 1000000 / rate -
	     ((now.tv_sec - start->tv_sec) * 1000000000LL + now.tv_nsec - start->tv_nsec);
	if (ns > 0) {
		now.tv_sec = ns / 1000000000;
		now.tv_nsec = ns % 1000000000;
		nanosleep(&now, NULL);
	}
}

/* Waits for a receiver that does not listen yet. */
static int connected(const char *ip, const char *port)
{
	struct sockaddr_in sin = peer(ip, port);
	int fd, tries;

	for (tries = 0; tries < STALL * 10; tries++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || !connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
			return fd;
		close(fd);
		if (errno != ECONNREFUSED || ending())
			break;
		usleep(100000);
	}
	return -1;
}

static int tcp_send(const char *ip, const char *port, unsigned int rate)
{
	uint64_t words[CHUNK / 8], n = 0, sum = 0;
	int fd = connected(ip, port);
	struct timespec start;
	size_t i, done;
	ssize_t ret;

	if (fd < 0)
		return fail("connect");
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!ending()) {
		for (i = 0; i < CHUNK / 8; i++, n++) {
			words[i] = htole64(word_at(0, n));
			sum = sum_up(sum, le64toh(words[i]));
		}
		for (done = 0; done < CHUNK; done += ret) {
			ret = send(fd, (char *)words + done, CHUNK - done, MSG_NOSIGNAL);
			if (ret < 0 && errno == EINTR)
				ret = 0;
			if (ret < 0)
				return fail("send");
		}
		pace(&start, n * 8, rate);
	}
	/* The receiver closes when it has seen the end. */
	shutdown(fd, SHUT_WR);
	while ((ret = recv(fd, words, sizeof(words), 0)) < 0 && errno == EINTR)
		;
	if (ret)
		return fail("the receiver's end");
	printf("tcp bytes=%lu sum=%016lx\n", n * 8, sum);
	return 0;
}

/* Receiving from it fails with EAGAIN after @patience seconds. */
static int bound_socket(int type, const char *port, int patience)
{
	struct sockaddr_in sin = peer(NULL, port);
	struct timeval stall = { .tv_sec = patience };
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall)) ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return -1;
	return fd;
}

static int tcp_recv(const char *port)
{
	uint64_t words[CHUNK / 8], n = 0, sum = 0, word;
	int lfd = bound_socket(SOCK_STREAM, port, STALL), fd;
	size_t have = 0, i;
	ssize_t ret;

	if (lfd < 0 || listen(lfd, 1))
		return fail("listen");
	fd = accept(lfd, NULL, NULL);
	if (fd < 0)
		return fail("accept");
	for (;;) {
		ret = recv(fd, (char *)words + have, CHUNK - have, 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return fail("receive");
		if (!ret)
			break;
		have += ret;
		for (i = 0; i < have / 8; i++, n++) {
			word = le64toh(words[i]);
			if (word != word_at(0, n)) {
				printf("error: wrong bytes at %lu\n", n * 8);
				return 1;
			}
			sum = sum_up(sum, word);
		}
		memmove(words, words + i, have % 8);
		have %= 8;
	}
	if (have) {
		printf("error: the stream ends in the middle of a word\n");
		return 1;
	}
	printf("tcp bytes=%lu sum=%016lx\n", n * 8, sum);
	return 0;
}

/* Words of datagram @seq, its number included: 8 to 180. */
static size_t datagram_words(uint64_t seq)
{
	return 8 + seq * 37 % 173;
}

static int udp_send(const char *ip, const char *port, unsigned int rate)
{
	struct sockaddr_in sin = peer(ip, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t words[180], seq, bytes = 0;
	struct timespec start;
	size_t i, n;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return fail("connect");
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (seq = 0; !ending(); seq++) {
		n = datagram_words(seq);
		words[0] = htole64(seq);
		for (i = 1; i < n; i++)
			words[i] = htole64(word_at(seq, i));
		/* Nobody listening yet, or no longer: no error of ours. */
		if (send(fd, words, n * 8, 0) < 0 && errno != ECONNREFUSED &&
		    errno != EINTR && errno != ENOBUFS)
			return fail("send");
		bytes += n * 8;
		pace(&start, bytes, rate);
	}
	printf("udp sent=%lu\n", seq);
	return 0;
}

static int udp_recv(const char *port)
{
	uint64_t words[256], seq, next = 0, got = 0, late = 0, wrong = 0;
	int fd = bound_socket(SOCK_DGRAM, port, 1);
	ssize_t ret;
	size_t i, n;

	if (fd < 0)
		return fail("bind");
	while (!ending()) {
		ret = recv(fd, words, sizeof(words), 0);
		if (ret < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (ret < 0)
			return fail("receive");
		seq = le64toh(words[0]);
		n = datagram_words(seq);
		for (i = 1; i < n && (size_t)ret == n * 8; i++)
			if (le64toh(words[i]) != word_at(seq, i))
				break;
		got++;
		if (i != n)
			wrong++;
		else if (seq < next)
			late++;
		else
			next = seq + 1;
	}
	printf("udp got=%lu of=%lu late=%lu wrong=%lu\n",
	       got, next, late, wrong);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_term };

	sigaction(SIGTERM, &act, NULL);
	setlinebuf(stdout);
	if (argc == 5 && atoi(argv[4]) > 0) {
		if (!strcmp(argv[1], "tcp-send"))
			return tcp_send(argv[2], argv[3], atoi(argv[4]));
		if (!strcmp(argv[1], "udp-send"))
			return udp_send(argv[2], argv[3], atoi(argv[4]));
	} else if (argc == 3) {
		if (!strcmp(argv[1], "tcp-recv"))
			return tcp_recv(argv[2]);
		if (!strcmp(argv[1], "udp-recv"))
			return udp_recv(argv[2]);
	}
	fputs(usage, stderr);
	return 2;
}
