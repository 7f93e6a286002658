/* FANN behind the wire, in its usual single precision: batch training by its own fann_train_epoch.

   The gradient is divided by the number of samples (reduction=mean). Activations and deltas are shown by its own
   fann_run, fann_compute_MSE and fann_backpropagate_MSE on a copy, sample by sample, at the weights before the update;
   its train_errors are the deltas of -E of a sample (delta_of), and the sign is turned. The loss is its fann_get_MSE.
   Steepness 1/2 makes its sigmoid 1 / (1 + exp(-z)), steepness 1 its symmetric sigmoid tanh(z). The error function is
   FANN_ERRORFUNC_LINEAR: the squared loss; the default is another one. */
#include <floatfann.h>
#include <fann_internal.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FANN_VERSION
#define FANN_VERSION "2.2.0"
#endif

static const char *HELLO =
    "{\"protocol\": \"backproof/1\", \"name\": \"fann\", \"version\": \"" FANN_VERSION "\", \"language\": \"C\","
    " \"dtypes\": [\"float32\"], \"activations\": [\"identity\", \"sigmoid\", \"tanh\"], \"losses\": [\"squared\"],"
    " \"skips\": [\"masked\", \"no-biases\"],"
    " \"conventions\": {\"loss_factor\": 0.5, \"reduction\": \"mean\", \"delta_of\": \"sample\"}}";

static cJSON *get(const cJSON *object, const char *name) { return cJSON_GetObjectItemCaseSensitive(object, name); }

static cJSON *number(double v) { /* cJSON's own numbers may lose the last digit; 17 digits come back unchanged */
    char text[32];
    if (!isfinite(v)) return cJSON_CreateString(isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
    snprintf(text, sizeof text, "%.17g", v);
    return cJSON_CreateRaw(text);
}

static cJSON *lists(const char *name, cJSON *record, unsigned depth) { /* one empty list for each layer */
    cJSON *list = cJSON_AddArrayToObject(record, name);
    for (unsigned l = 0; l < depth; l++) cJSON_AddItemToArray(list, cJSON_CreateArray());
    return list;
}

static void fill(fann_type *to, const cJSON *row) {
    for (const cJSON *v = row->child; v; v = v->next) *to++ = (fann_type)v->valuedouble;
}

/* Neurons of a layer without the bias neuron, which stands last in every layer but has no part in the output layer. */
static int width(const struct fann_layer *layer) { return (int)(layer->last_neuron - layer->first_neuron) - 1; }

static struct fann *network(const cJSON *test) {
    unsigned sizes[64], depth = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, get(test, "widths")) sizes[depth++] = (unsigned)item->valueint;
    struct fann *ann = fann_create_standard_array(depth, sizes);
    struct fann_layer *layer = ann->first_layer;
    fann_set_training_algorithm(ann, FANN_TRAIN_BATCH);
    fann_set_train_error_function(ann, FANN_ERRORFUNC_LINEAR);
    fann_set_learning_rate(ann, (float)get(test, "learning_rate")->valuedouble);
    cJSON_ArrayForEach(item, get(test, "layers")) {
        const char *name = get(get(item, "activation"), "name")->valuestring;
        int number_of_layer = (int)(++layer - ann->first_layer);
        fann_set_activation_function_layer(
            ann, name[0] == 's' ? FANN_SIGMOID : name[0] == 't' ? FANN_SIGMOID_SYMMETRIC : FANN_LINEAR, number_of_layer);
        fann_set_activation_steepness_layer(ann, name[0] == 's' ? 0.5 : 1.0, number_of_layer);
        for (int i = 0; i < width(layer); i++) {
            fann_type *weights = ann->weights + layer->first_neuron[i].first_con;
            fill(weights, cJSON_GetArrayItem(get(item, "weights"), i));
            weights[width(layer - 1)] = cJSON_GetArrayItem(get(item, "biases"), i)->valuedouble;
        }
    }
    return ann;
}

/* Show activations and deltas of one sample, as a copy of the network computes them. */
static void show_sample(struct fann *ann, fann_type *x, fann_type *y, cJSON *activations, cJSON *deltas) {
    fann_run(ann, x);
    fann_compute_MSE(ann, y);
    fann_backpropagate_MSE(ann);
    int l = 0;
    for (struct fann_layer *layer = ann->first_layer + 1; layer < ann->last_layer; layer++, l++) {
        cJSON *a = cJSON_CreateArray(), *delta = cJSON_CreateArray();
        for (struct fann_neuron *neuron = layer->first_neuron; neuron < layer->first_neuron + width(layer); neuron++) {
            cJSON_AddItemToArray(a, number(neuron->value));
            cJSON_AddItemToArray(delta, number(-ann->train_errors[neuron - ann->first_layer->first_neuron]));
        }
        cJSON_AddItemToArray(cJSON_GetArrayItem(activations, l), a);
        cJSON_AddItemToArray(cJSON_GetArrayItem(deltas, l), delta);
    }
}

static void show_parameters(const struct fann *ann, cJSON *weights, cJSON *biases) {
    int l = 0;
    for (struct fann_layer *layer = ann->first_layer + 1; layer < ann->last_layer; layer++, l++)
        for (int i = 0; i < width(layer); i++) {
            const fann_type *w = ann->weights + layer->first_neuron[i].first_con;
            cJSON *row = cJSON_CreateArray();
            for (int j = 0; j < width(layer - 1); j++) cJSON_AddItemToArray(row, number(w[j]));
            cJSON_AddItemToArray(cJSON_GetArrayItem(weights, l), row);
            cJSON_AddItemToArray(cJSON_GetArrayItem(biases, l), number(w[width(layer - 1)]));
        }
}

static cJSON *run(const cJSON *test) {
    struct fann *ann = network(test);
    unsigned depth = (unsigned)cJSON_GetArraySize(get(test, "layers"));
    cJSON *records = cJSON_CreateArray();
    const cJSON *batch;
    cJSON_ArrayForEach(batch, get(test, "batches")) {
        cJSON *record = cJSON_CreateObject(), *activations = lists("activations", record, depth);
        cJSON *deltas = lists("deltas", record, depth), *weights = lists("weights", record, depth);
        cJSON *biases = lists("biases", record, depth);
        unsigned n = (unsigned)cJSON_GetArraySize(batch);
        struct fann_train_data *data = fann_create_train(n, ann->num_input, ann->num_output);
        struct fann *copy = fann_copy(ann);
        for (unsigned s = 0; s < n; s++) {
            int sample = cJSON_GetArrayItem(batch, (int)s)->valueint;
            fill(data->input[s], cJSON_GetArrayItem(get(test, "x"), sample));
            fill(data->output[s], cJSON_GetArrayItem(get(test, "y"), sample));
            show_sample(copy, data->input[s], data->output[s], activations, deltas);
        }
        fann_train_epoch(ann, data);
        cJSON_AddItemToObject(record, "loss", number(fann_get_MSE(ann)));
        show_parameters(ann, weights, biases);
        cJSON_AddItemToArray(records, record);
        fann_destroy(copy);
        fann_destroy_train(data);
    }
    fann_destroy(ann);
    return records;
}

int main(void) {
    char *line = NULL;
    for (size_t room = 0; getline(&line, &room, stdin) > 0;) {
        cJSON *request = cJSON_Parse(line), *answer = cJSON_Parse(HELLO);
        const char *type = get(request, "type")->valuestring;
        if (!strcmp(type, "bye")) break;
        if (!strcmp(type, "run")) {
            cJSON_Delete(answer);
            answer = cJSON_CreateObject();
            cJSON_AddNumberToObject(answer, "id", get(request, "id")->valuedouble);
            cJSON_AddItemToObject(answer, "result", run(get(request, "case")));
        }
        char *text = cJSON_PrintUnformatted(answer);
        puts(text);
        fflush(stdout);
        free(text);
        cJSON_Delete(answer);
        cJSON_Delete(request);
    }
    return 0;
}
