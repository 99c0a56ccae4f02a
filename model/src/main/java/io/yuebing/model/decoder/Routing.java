package io.yuebing.model.decoder;

/**
 * How the experts of a token are chosen from the router's scores. Ties go to the expert with the lower number.
 *
 * @param scoring how the router's products become scores
 * @param chosen experts that a token uses
 * @param groups experts are divided into so many groups of neighbours; 1 = no grouping
 * @param chosenGroups groups that a token's experts may come from: those with the largest scores
 * @param groupBest how many of a group's best scores are added up as the score of the group
 * @param renormalise divide the chosen experts' scores by their sum
 * @param scale factor on the result
 */
public record Routing(
        Scoring scoring, int chosen, int groups, int chosenGroups, int groupBest, boolean renormalise, float scale) {

    /** How products become scores. */
    public enum Scoring {
        /** Of all experts. */
        SOFTMAX,
        /** Of each expert by itself. */
        SIGMOID
    }

    static Routing softmax(int chosen, boolean renormalise) {
        return new Routing(Scoring.SOFTMAX, chosen, 1, 1, 1, renormalise, 1);
    }

    /** As in DeepSeek-V3: a group's score is the sum of its two best. */
    static Routing sigmoid(int chosen, int groups, int chosenGroups, boolean renormalise, float scale) {
        return new Routing(Scoring.SIGMOID, chosen, groups, chosenGroups, 2, renormalise, scale);
    }
}
