/* A server of libmodbus. Values come as lines on stdin: `TYPE ORDER ADDRESS VALUE`,
 * `coil - ADDRESS 1`, `discrete - ADDRESS 1`; `go` starts it. Values are packed here and not by
 * modbus_set_float_abcd and its like: in 3.1.6 these do not give the orders that they are named by.
 * Usage: libmodbus_server tcp PORT | libmodbus_server rtu DEVICE */
#include <errno.h>
#include <inttypes.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGISTERS 4000

static modbus_mapping_t *map;

/* Bytes as this machine has them, least significant first (x86, ARM), into registers. */
static void put_bytes(const char *order, int address, const uint8_t *little, int size)
{
    for (int word = 0; word < size / 2; word++) {
        int from = !strcmp(order, "CDAB") || !strcmp(order, "DCBA") ? word : size / 2 - 1 - word;
        uint8_t low = little[2 * from], high = little[2 * from + 1];
        int swapped = !strcmp(order, "BADC") || !strcmp(order, "DCBA") || !strcmp(order, "BA");
        map->tab_registers[address + word] = swapped ? low << 8 | high : high << 8 | low;
    }
}

static void put(const char *type, const char *order, int address, const char *text)
{
    if (!strcmp(type, "coil")) {
        map->tab_bits[address] = atoi(text);
    } else if (!strcmp(type, "discrete")) {
        map->tab_input_bits[address] = atoi(text);
    } else if (!strcmp(type, "float32")) {
        float value = strtof(text, NULL);
        put_bytes(order, address, (uint8_t *) &value, 4);
    } else if (!strcmp(type, "float64")) {
        double value = strtod(text, NULL);
        put_bytes(order, address, (uint8_t *) &value, 8);
    } else if (!strcmp(type, "uint64")) {
        uint64_t value = strtoull(text, NULL, 10);
        put_bytes(order, address, (uint8_t *) &value, 8);
    } else {
        int64_t value = strtoll(text, NULL, 10);
        int size = strstr(type, "64") ? 8 : strstr(type, "32") ? 4 : 2;
        put_bytes(order, address, (uint8_t *) &value, size);
    }
}

static void serve(modbus_t *context, int tcp)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int listening = tcp ? modbus_tcp_listen(context, 4) : -1;
    if (tcp ? listening == -1 : modbus_connect(context) == -1) {
        printf("failed: %s\n", modbus_strerror(errno));
        exit(1);
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        if (tcp && modbus_tcp_accept(context, &listening) == -1)
            return;
        for (;;) {
            int size = modbus_receive(context, query);
            if (size > 0)
                modbus_reply(context, query, size, map);
            else if (size == -1 && tcp)
                break;
        }
        modbus_close(context);
    }
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    int tcp = !strcmp(words[1], "tcp");
    modbus_t *context = tcp ? modbus_new_tcp("127.0.0.1", atoi(words[2]))
                            : modbus_new_rtu(words[2], 115200, 'N', 8, 1);
    modbus_set_slave(context, 1);
    map = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);
    char line[200], type[20], order[8], text[100];
    int address;
    while (fgets(line, sizeof line, stdin) && strcmp(line, "go\n"))
        if (sscanf(line, "%19s %7s %d %99s", type, order, &address, text) == 4)
            put(type, order, address, text);
    memcpy(map->tab_input_registers, map->tab_registers, 2 * REGISTERS);
    serve(context, tcp);
    return 0;
}
